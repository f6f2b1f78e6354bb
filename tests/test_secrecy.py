"""Secrets stay secret (protocol 2.3, 9.4, guarantee G11)."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogEvent, Logger, eventAsText

from tradegw.model import wire
from tradegw.secrecy import REDACTED, Secret, scrub, scrub_value

CANARY = "canary-5up3r53cr3t-4242"
NAMES = ["api_key", "apikey", "secret", "token", "password", "authorization"]


# -- the type ------------------------------------------------------------------------------------


def shows(secret: Secret) -> list[str]:
    """Every way that text is made of it."""
    record = logging.LogRecord("x", logging.INFO, "x", 1, "%s %r", (secret, secret), None)
    event: LogEvent = {"log_format": "{a} {a!r} {a!s}", "a": secret}
    return [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>60}",
        format(secret, ">40"),
        "%s %r" % (secret, secret),  # noqa: UP031  (logging formats so)
        str([secret]),
        str({"key": secret}),
        record.getMessage(),
        eventAsText(event),
        str(ValueError(secret)),
        repr(scrub_value({"anything": secret})),
    ]


def test_a_secret_prints_itself_in_no_way() -> None:
    for text in shows(Secret(CANARY)):
        assert CANARY not in text
        assert REDACTED in text


def test_a_secret_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("the key is %s", Secret(CANARY))
    assert CANARY not in caplog.text
    events: list[LogEvent] = []
    Logger(observer=cast("Any", events.append)).info("the key is {key}", key=Secret(CANARY))
    assert CANARY not in eventAsText(events[0])


@pytest.mark.parametrize("leave", [msgspec.json.encode, wire.encode, json.dumps, pickle.dumps])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_secret_is_not_encoded(leave: Any, wrapped: bool) -> None:
    secret = Secret(CANARY)
    with pytest.raises(TypeError) as refusal:
        leave({"key": secret} if wrapped else secret)
    assert CANARY not in str(refusal.value)


def test_a_secret_is_not_copied_by_accident() -> None:
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            copied(Secret(CANARY))
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


def test_a_secret_is_revealed_on_request_only() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    assert secret.matches(CANARY)
    assert not secret.matches(CANARY[:-1])
    assert not secret.matches("")


def test_secrets_are_equal_by_their_text_and_never_equal_to_it() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_length_counts_bytes_and_an_empty_secret_is_false() -> None:
    assert len(Secret("äö")) == 4
    assert Secret("a")
    assert not Secret("")


@given(st.text(), st.text())
def test_matches_exactly_itself(text: str, other: str) -> None:
    text, other = (value.encode(errors="replace").decode() for value in (text, other))
    assert Secret(text).matches(text)
    assert Secret(text).matches(other) is (text == other)


# -- scrubbing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("between", ["=", ":", " = ", ": ", " :  "])
def test_ht11_the_value_behind_a_name_is_struck_out(name: str, between: str) -> None:
    for spelled in (name, name.upper(), name.title()):
        text = f"refused: {spelled}{between}{CANARY} was wrong"
        assert scrub(text) == f"refused: {spelled}={REDACTED} was wrong"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"authorization=basic {CANARY}",
        f'{{"token":"{CANARY}"}}',
        f"{{'secret': '{CANARY}'}}",
        f"X-API-Key: {CANARY}",
        f"APCA-API-SECRET-KEY: {CANARY}",
        f"secret_key={CANARY}&symbol=AAPL",
        f"access_token={CANARY}",
        f"GET /?apikey={CANARY} HTTP/1.1",
        f"token={CANARY} and password={CANARY}",
    ],
)
def test_credentials_as_they_are_really_written(text: str) -> None:
    assert CANARY not in scrub(text)
    assert REDACTED in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Order rejected: insufficient balance",
        "the token is wrong",
        "no secrets here",
        "password required",
        "limit_price=185.00 is above the market: 186",
        "authorization failed",
    ],
)
def test_ht11_normal_text_is_untouched(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize("name", [*NAMES, "API_KEY", "Authorization"])
@pytest.mark.parametrize("value", [CANARY, 4242, [CANARY], {"inner": CANARY}])
def test_whatever_stands_under_a_credentials_name_is_struck_out(name: str, value: Any) -> None:
    assert scrub_value({name: value, "code": -2010}) == {name: REDACTED, "code": -2010}


def test_ht11_nested_objects_and_arrays_are_scrubbed() -> None:
    details = {
        "errors": [{"why": f"token={CANARY}"}, (f"secret: {CANARY}", {"password": CANARY})],
        "symbol": "AAPL",
    }
    scrubbed = scrub_value(details)
    assert CANARY not in repr(scrubbed)
    assert scrubbed["symbol"] == "AAPL"
    assert len(scrubbed["errors"]) == 2


def test_what_is_no_text_stays_what_it_is() -> None:
    values = {"a": 1, "b": None, "c": True, "d": 1.5, "token": None, 5: "five"}
    assert scrub_value(values) == values


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_scrubbing_twice_changes_nothing_more(value: Any) -> None:
    assert scrub_value(scrub_value(value)) == scrub_value(value)
