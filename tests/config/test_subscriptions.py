"""What strategies want to hear, as JSON in one variable."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tradegw.config.environment import Environment
from tradegw.config.subscriptions import subscriptions
from tradegw.model.enums import Platform
from tradegw.model.subscription import Subscription


def parsed(value: Any, running: Platform = Platform.MOCK) -> tuple[Environment, Any]:
    env = Environment({"SUBSCRIPTIONS": value if isinstance(value, str) else json.dumps(value)})
    return env, subscriptions(env, running)


def entry(**changes: Any) -> dict[str, Any]:
    return {"platform": "mock", "instrument": "AAPL", "events": ["quote", "orders"], **changes}


@pytest.mark.parametrize("text", ["", "[]", " [ ] "])
def test_an_empty_list_wants_everything(text: str) -> None:
    env, found = parsed(text)
    assert found == ()
    assert (env.problems, env.warnings) == ([], [])


def test_entries_are_read_in_order_and_unknown_members_ignored() -> None:
    env, found = parsed([entry(), entry(instrument="*", events=["*"], note="x")])
    assert found == (
        Subscription(Platform.MOCK, "AAPL", ("quote", "orders")),
        Subscription(Platform.MOCK, "*", ("*",)),
    )
    assert (env.problems, env.warnings) == ([], [])


@pytest.mark.parametrize(
    ("alias", "running"),
    [
        ("binance-spot-testnet", Platform.BINANCE_TESTNET),
        ("binance-spot-live", Platform.BINANCE_LIVE),
    ],
)
def test_older_spellings_of_a_platform_are_accepted(alias: str, running: Platform) -> None:
    env, found = parsed([entry(platform=alias)], running)
    assert env.problems == []
    assert found[0].platform is running


@pytest.mark.parametrize("text", ["[", "nonsense", "[{]", "[1,]", "[" * 100_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    env, found = parsed(text)
    assert found == ()
    assert env.problems[0].startswith("SUBSCRIPTIONS is not JSON: ")


@pytest.mark.parametrize("text", ["{}", "null", '"x"', "1"])
def test_what_is_not_a_list_is_refused(text: str) -> None:
    env, _ = parsed(text)
    assert env.problems[0].startswith("SUBSCRIPTIONS must be a list")


@pytest.mark.parametrize(
    ("member", "told"),
    [
        (1, "SUBSCRIPTIONS[1] must be an object"),
        (entry(platform="nyse"), "SUBSCRIPTIONS[1].platform must be one of"),
        (entry(platform=["mock"]), "SUBSCRIPTIONS[1].platform must be one of"),
        (entry(platform="MOCK"), "SUBSCRIPTIONS[1].platform must be one of"),
        (entry(platform="alpaca-live"), "is alpaca-live, but this gateway runs mock"),
        (entry(instrument=""), "SUBSCRIPTIONS[1].instrument must be a text of 1 to 50"),
        (entry(instrument="x" * 51), "SUBSCRIPTIONS[1].instrument must be a text of 1 to 50"),
        (entry(instrument=None), "SUBSCRIPTIONS[1].instrument must be a text of 1 to 50"),
        (entry(events=[]), "SUBSCRIPTIONS[1].events must be a list of 1 to 100"),
        (entry(events=["quote"] * 101), "SUBSCRIPTIONS[1].events must be a list of 1 to 100"),
        (entry(events="quote"), "SUBSCRIPTIONS[1].events must be a list of 1 to 100"),
        (entry(events=[1]), "SUBSCRIPTIONS[1].events must be a list of 1 to 100"),
    ],
)
def test_a_bad_entry_is_told_by_its_place(member: Any, told: str) -> None:
    env, found = parsed([entry(), member])
    assert len(found) == 1
    assert len(env.problems) == 1
    assert told in env.problems[0]
    assert len(env.problems[0]) < 500


def test_limits_themselves_are_allowed() -> None:
    env, found = parsed([entry(instrument="x" * 50, events=["*"] * 100)])
    assert len(found) == 1
    assert env.problems == []


def test_every_fault_of_every_entry_is_told() -> None:
    env, _ = parsed([{}, {"platform": "mock"}])
    assert len(env.problems) == 5


def test_unknown_events_are_a_warning_and_match_nothing() -> None:
    env, found = parsed([entry(events=["*", "option_greeks", "Quote"])])
    assert len(found) == 1
    assert env.problems == []
    assert env.warnings == ["SUBSCRIPTIONS: unknown events match nothing: 'Quote', 'option_greeks'"]


def test_hiding_order_events_is_a_warning_that_names_the_instruments() -> None:
    env, _ = parsed([entry(events=["quote"]), entry(instrument="MSFT", events=["order_update"])])
    assert len(env.warnings) == 1
    assert "hides the order events of AAPL:" in env.warnings[0]


def test_orders_of_every_instrument_hide_nothing() -> None:
    env, _ = parsed([entry(events=["quote"]), entry(instrument="*", events=["orders"])])
    assert env.warnings == []
