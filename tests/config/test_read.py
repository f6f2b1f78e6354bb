"""The environment as a whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import Struct

from tradegw.brokers.mock.config import read_settings
from tradegw.config.problems import ConfigError
from tradegw.config.read import read
from tradegw.config.report import report
from tradegw.config.settings import Mode, Provider, Reconnect, Settings
from tradegw.config.variables import GROUPS
from tradegw.model.enums import Platform
from tradegw.model.protection import UncoveredPolicy
from tradegw.secrecy import Secret

MOCK = {"GATEWAY_PROVIDER": "mock"}


def given(**variables: str) -> Settings:
    return read({**MOCK, **variables})


def refused(**variables: str) -> str:
    with pytest.raises(ConfigError) as caught:
        given(**variables)
    return str(caught.value)


def test_defaults() -> None:
    assert read(MOCK) == Settings(
        provider=Provider.MOCK,
        platform=Platform.MOCK,
        mode=Mode.PAPER,
        state_dir=Path("tradegw-state"),
        host="127.0.0.1",
        port=8080,
        api_key=None,
        enable_swagger=False,
        subscriptions=(),
        reconnect=Reconnect(initial_backoff_ms=1000, max_backoff_ms=60_000, max_duration_secs=300),
        sl_tp_ttl_hours=0,
        exit_max_uncovered_secs=300,
        exit_uncovered_policy=UncoveredPolicy.ALERT,
        exit_state_file=Path("gateway-exit-state.json"),
        log_level="info",
        log_json=None,
        git_sha="unknown",
        warnings=(),
    )


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("0.0.0.0", "0.0.0.0"),
        ("[::1]", "::1"),
        ("::", "::"),
        ("[fe80::1%eth0]", "fe80::1%eth0"),
        ("localhost", "localhost"),
        ("gateway_1.trading.example.", "gateway_1.trading.example."),
    ],
)
def test_hosts_that_can_be_listened_on(text: str, host: str) -> None:
    assert given(GATEWAY_HOST=text).host == host


@pytest.mark.parametrize(
    "text",
    ["256.1.1.1", "1.2.3", "[127.0.0.1]", "[::1", "http://x", "a b", "-x", "a..b", "x" * 64, "*"],
)
def test_other_hosts_are_refused(text: str) -> None:
    assert "GATEWAY_HOST must be an IP address" in refused(GATEWAY_HOST=text)


@pytest.mark.parametrize(("text", "port"), [("0", 0), ("1", 1), ("65535", 65535), ("", 8080)])
def test_ports(text: str, port: int) -> None:
    assert given(GATEWAY_PORT=text).port == port


@pytest.mark.parametrize("text", ["-1", "65536", "http", "80.5"])
def test_other_ports_are_refused(text: str) -> None:
    assert "GATEWAY_PORT must be a whole number" in refused(GATEWAY_PORT=text)


def test_a_service_link_of_kubernetes_is_no_port() -> None:
    settings = given(
        GATEWAY_PORT="tcp://10.0.0.1:80",
        GATEWAY_SERVICE_HOST="10.0.0.1",
        GATEWAY_PORT_80_TCP="tcp://10.0.0.1:80",
        GATEWAY_SERVICE_PORT_HTTP="80",
    )
    assert settings.port == 8080
    assert len(settings.warnings) == 1
    assert "Kubernetes" in settings.warnings[0]


def test_an_empty_api_key_turns_authentication_off() -> None:
    assert given(GATEWAY_API_KEY="").api_key is None


@pytest.mark.parametrize("key", ["short-key", "x" * 31])
def test_a_short_api_key_is_refused_and_not_shown(key: str) -> None:
    text = refused(GATEWAY_API_KEY=key)
    assert "at least 32 bytes" in text
    assert key not in text


@pytest.mark.parametrize("bad", ["\n", "\t", "\0", "\x7f", "ü", "\udcff"])
def test_an_api_key_that_no_header_can_carry_is_refused_and_not_shown(bad: str) -> None:
    key = "canary" * 6 + bad + "y"
    text = refused(GATEWAY_API_KEY=key)
    assert "printable ASCII" in text
    assert "canary" not in text


@pytest.mark.parametrize("key", ["x" * 32, "~ !" * 11])
def test_an_api_key_of_32_bytes_is_accepted(key: str) -> None:
    assert given(GATEWAY_API_KEY=key).api_key == Secret(key)


@pytest.mark.parametrize(
    ("text", "on"), [("true", True), ("1", True), ("false", False), ("", False)]
)
def test_swagger(text: str, on: bool) -> None:
    settings = given(ENABLE_SWAGGER=text)
    assert settings.enable_swagger is on
    assert settings.warnings == ()


def test_other_words_leave_swagger_off_with_a_warning() -> None:
    settings = given(ENABLE_SWAGGER="yes")
    assert settings.enable_swagger is False
    assert len(settings.warnings) == 1


def test_reconnecting() -> None:
    settings = given(
        RECONNECT_INITIAL_BACKOFF_MS="5",
        RECONNECT_MAX_BACKOFF_MS="5",
        RECONNECT_MAX_DURATION_SECS="0",
    )
    assert settings.reconnect == Reconnect(
        initial_backoff_ms=5, max_backoff_ms=5, max_duration_secs=0
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("RECONNECT_INITIAL_BACKOFF_MS", "0"),
        ("RECONNECT_INITIAL_BACKOFF_MS", "abc"),
        ("RECONNECT_MAX_BACKOFF_MS", "999"),
        ("RECONNECT_MAX_BACKOFF_MS", "-1"),
        ("RECONNECT_MAX_DURATION_SECS", "-1"),
        ("RECONNECT_MAX_DURATION_SECS", "1.5"),
        ("SL_TP_TTL_HOURS", "-1"),
        ("SL_TP_TTL_HOURS", "a day"),
        ("EXIT_MAX_UNCOVERED_SECS", "4"),
        ("EXIT_MAX_UNCOVERED_SECS", "86401"),
        ("EXIT_UNCOVERED_POLICY", "CLOSE"),
        ("JOURNAL_RETENTION_DAYS", "0"),
        ("JOURNAL_RETENTION_DAYS", "3651"),
        ("JOURNAL_MAX_MB", "15"),
        ("JOURNAL_MAX_MB", "1GB"),
        ("SUBMIT_WAIT_SECS", "0"),
        ("SUBMIT_WAIT_SECS", "301"),
        ("RECONCILE_SECS", "0"),
        ("RECONCILE_SECS", "3601"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("SUBSCRIPTIONS", "{"),
    ],
)
def test_bad_values_are_refused_by_name(name: str, text: str) -> None:
    assert name in refused(**{name: text})


def test_the_journal_and_its_limits() -> None:
    """Ninety days, a gigabyte, ten seconds and a minute, unless something else is asked for."""
    plain = given()
    assert (plain.journal_retention_days, plain.journal_max_mb) == (90, 1024)
    assert (plain.submit_wait_secs, plain.reconcile_secs) == (10, 60)
    own = given(
        JOURNAL_RETENTION_DAYS="7",
        JOURNAL_MAX_MB="16",
        SUBMIT_WAIT_SECS="3",
        RECONCILE_SECS="15",
    )
    assert (own.journal_retention_days, own.journal_max_mb) == (7, 16)
    assert (own.submit_wait_secs, own.reconcile_secs) == (3, 15)


def test_w13_entries_with_exits_wait_for_ever_unless_a_time_is_set() -> None:
    assert given().sl_tp_ttl_hours == given(SL_TP_TTL_HOURS="0").sl_tp_ttl_hours == 0
    assert given(SL_TP_TTL_HOURS="48").sl_tp_ttl_hours == 48


def test_what_is_done_about_missing_stops() -> None:
    """Told for ever, unless the operator wants them closed."""
    plain = given()
    assert (plain.exit_max_uncovered_secs, plain.exit_uncovered_policy) == (300, "alert")
    own = given(EXIT_MAX_UNCOVERED_SECS="5", EXIT_UNCOVERED_POLICY="close")
    assert own.exit_max_uncovered_secs == 5
    assert own.exit_uncovered_policy is UncoveredPolicy.CLOSE


@pytest.mark.parametrize(
    ("variables", "state_dir", "exits"),
    [
        ({}, "tradegw-state", "gateway-exit-state.json"),
        ({"GATEWAY_STATE_DIR": "/s"}, "/s", "/s/gateway-exit-state.json"),
        ({"STATE_DIRECTORY": "/a:/b"}, "/a", "/a/gateway-exit-state.json"),
        ({"STATE_DIRECTORY": "/a", "GATEWAY_STATE_DIR": "/s"}, "/s", "/s/gateway-exit-state.json"),
        ({"GATEWAY_STATE_DIR": "/s", "EXIT_STATE_FILE": "e.json"}, "/s", "e.json"),
    ],
)
def test_where_state_is_kept(variables: dict[str, str], state_dir: str, exits: str) -> None:
    settings = given(**variables)
    assert settings.state_dir == Path(state_dir)
    assert settings.exit_state_file == Path(exits)


@pytest.mark.parametrize(
    ("variables", "level", "warns"),
    [
        ({"LOG_LEVEL": "DEBUG"}, "debug", False),
        ({"LOG_LEVEL": "warning"}, "warn", False),
        ({"LOG_LEVEL": "off"}, "critical", False),
        ({"RUST_LOG": "error"}, "error", False),
        ({"RUST_LOG": "trace", "LOG_LEVEL": "warn"}, "warn", False),
        ({"RUST_LOG": "tower_http=debug,warn"}, "warn", True),
        ({"RUST_LOG": "tower_http=debug"}, "info", True),
    ],
)
def test_log_levels(variables: dict[str, str], level: str, warns: bool) -> None:
    settings = given(**variables)
    assert settings.log_level == level
    assert bool(settings.warnings) is warns


@pytest.mark.parametrize(
    ("variables", "json_lines"),
    [
        ({}, None),
        ({"LOG_FORMAT": "auto"}, None),
        ({"LOG_FORMAT": "json"}, True),
        ({"LOG_FORMAT": "console", "K_SERVICE": "x"}, False),
        ({"K_SERVICE": "x"}, True),
        ({"K_SERVICE": "x", "ENVIRONMENT": "local"}, True),
        ({"ENVIRONMENT": "production"}, True),
        ({"ENVIRONMENT": "local"}, False),
        ({"ENVIRONMENT": "", "K_SERVICE": ""}, None),
    ],
)
def test_form_of_the_log(variables: dict[str, str], json_lines: bool | None) -> None:
    assert given(**variables).log_json is json_lines


def test_misspelt_variables_are_seen() -> None:
    settings = given(GATEWAY_PROT="1", MOCK_SED="1", RECONNECT_FOREVER="1", OTHER_THING="1")
    assert settings.warnings == (
        "GATEWAY_PROT is not a variable of tradegw; did you mean GATEWAY_PORT?",
        "MOCK_SED is not a variable of tradegw; did you mean MOCK_SEED?",
        "RECONNECT_FOREVER is not a variable of tradegw",
    )


def test_all_faults_are_told_together() -> None:
    text = refused(GATEWAY_PORT="x", SL_TP_TTL_HOURS="x", GATEWAY_API_KEY="short")
    assert len(text.splitlines()) == 3


def test_the_report_hides_secrets_and_says_what_would_run() -> None:
    key = "canary" * 6
    settings = read(
        {
            "ALPACA_API_KEY": key,
            "ALPACA_API_SECRET": key,
            "GATEWAY_MODE": "live",
            "GATEWAY_API_KEY": key,
            "GATEWAY_HOST": "[::1]",
            "GATEWAY_PROT": "9",
            "SUBSCRIPTIONS": (
                '[{"platform":"alpaca-live","instrument":"AAPL","events":["quote","orders"]}]'
            ),
        }
    )
    text = report(settings, {"secret": Secret(key)})
    assert "canary" not in text
    assert "canary" not in repr(settings)
    assert "alpaca-live" in text
    assert "LIVE: REAL MONEY" in text
    assert "http://[::1]:8080" in text
    assert "AAPL: quote, orders" in text
    assert "warning: GATEWAY_PROT" in text


def test_the_report_says_loudly_that_nothing_guards_the_port() -> None:
    assert re.search(r"^api key: +NONE", report(read(MOCK)), re.MULTILINE)


class Own(Struct, kw_only=True):
    seed: int
    key: Secret
    warnings: tuple[str, ...]


def test_a_broker_that_tells_its_variables_is_shown_as_the_environment_spells_them() -> None:
    environ = MOCK | {"MOCK_LEVERAGE": "10", "MOCK_CHAOS": "seed=7,reset=0.02"}
    settings = read(environ)
    text = report(settings, read_settings(environ, settings))
    shown = dict(re.findall(r"^(MOCK_\w+)=(.*)$", text, re.MULTILINE))
    assert set(shown) == {each.name for each in GROUPS["the simulated broker"]}
    assert (shown["MOCK_SEED"], shown["MOCK_LEVERAGE"], shown["MOCK_CASH"]) == (
        "42",
        "10",
        "100000",
    )
    assert (shown["MOCK_CHAOS"], shown["MOCK_TAPE"]) == ("seed=7,reset=0.02", "none")
    assert (shown["MOCK_ACCOUNT"], shown["MOCK_NATIVE_BRACKETS"]) == ("kept", "false")
    assert "Decimal" not in text
    assert "(" not in "".join(shown.values())


def test_the_brokers_own_settings_are_told_one_by_one_with_their_warnings() -> None:
    text = report(read(MOCK), Own(seed=7, key=Secret("canary"), warnings=("odd",)))
    assert re.search(r"^broker seed: +7$", text, re.MULTILINE)
    assert "canary" not in text
    assert text.endswith("\nwarning: odd")
