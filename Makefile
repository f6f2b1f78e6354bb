# Everything happens in a virtual environment of its own, .venv, which is made on first use and
# brought up to date when pyproject.toml changes. Needed: Python 3.11 or newer with venv, and make.

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= python3
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CHECKED := tradegw tests bench examples setup.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run backtest test simulate check docs bench clean

help:
	@echo 'make run    serve the simulated broker on http://127.0.0.1:8080 (GATEWAY_PROVIDER chooses another)'
	@echo 'make backtest DATA=SYMBOL@1d=prices.csv STRATEGY=strategy.py  a strategy on the past'
	@echo 'make test   every check and every test, as the continuous integration runs them'
	@echo 'make simulate  the whole gateway in worlds that fail; SEEDS=100000 says how many, FIRST=0 which'
	@echo 'make check  the static ones only: ruff, mypy, import contracts'
	@echo 'make docs   the API documentation of the code, into docs/api'
	@echo 'make bench  the benches, which print ratios'
	@echo 'make clean  remove what the others made'

run: export GATEWAY_PROVIDER := $(or $(GATEWAY_PROVIDER),mock)
run: export ENABLE_SWAGGER := $(or $(ENABLE_SWAGGER),true)
run: $(VENV)/.installed
	@exec $(BIN)/twistd --nodaemon --pidfile= tradegw

backtest: $(VENV)/.installed $(VENV)/.sdk
	@test -n "$(DATA)" -a -n "$(STRATEGY)" || { \
		echo 'make backtest DATA=DEMO@1d=examples/data/DEMO.1d.csv STRATEGY=examples/sma_cross.py' >&2; \
		exit 2; }
	@exec $(BIN)/python -m tradegw.brokers.backtest "$(DATA)" "$(STRATEGY)"

check: $(VENV)/.installed-for-tests
	$(BIN)/ruff check $(wildcard $(CHECKED))
	$(BIN)/ruff format --check $(wildcard $(CHECKED))
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-for-tests
	$(BIN)/pydoctor --quiet --html-output=docs/api

test: check docs
	$(BIN)/pytest

simulate: $(VENV)/.installed-for-tests
	$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),10000) --first $(or $(FIRST),0)

bench: $(VENV)/.installed-for-tests
	@for bench in fanout rest durable exits journal receive http_out limits link backtest backtest_data simulator footprint; do \
		echo "== bench/$$bench.py"; $(BIN)/python bench/$$bench.py || exit 1; \
	done

clean:
	rm -rf $(VENV) build dist docs/api tradegw.egg-info twisted/plugins/dropin.cache \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find tradegw tests bench twisted -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'tradegw needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo 'this Python cannot make environments (Debian: apt install python3-venv)' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml setup.py | $(VENV)/bin/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/.sdk: | $(VENV)/bin/python
	$(PIP) install tektii
	@touch $@

$(VENV)/.installed-for-tests: pyproject.toml setup.py | $(VENV)/bin/python
	$(PIP) install --editable '.[test]'
	@touch $@ $(VENV)/.installed $(VENV)/.sdk
