"""Whatever the streams say, nothing is raised, and what can be read beside it is told."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tradegw.brokers.alpaca.account_stream import AccountConversation
from tradegw.brokers.alpaca.config import AlpacaSettings, read_settings
from tradegw.brokers.alpaca.data_stream import DataConversation, Wish
from tradegw.brokers.alpaca.kin import Kin
from tradegw.brokers.alpaca.symbols import Symbols
from tradegw.brokers.alpaca.updates import Updates
from tradegw.model.account import Trade
from tradegw.model.events import OrderEvent
from tradegw.testing.listener import Notebook

from .payloads import FILL
from .stand import MORNING, environ, gateway_settings


class Ignoring:
    """A stream, and a wire, to which nothing matters."""

    def logged_on(self) -> None: ...

    def refused(self, error: Any) -> None: ...

    def failed(self, reason: str) -> None: ...

    def alive(self) -> None: ...

    def send(self, payload: bytes, *, is_binary: bool = False) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


def own() -> AlpacaSettings:
    return read_settings(environ(), gateway_settings())


class Account:
    """The trading stream with all behind it that reads."""

    def __init__(self) -> None:
        self.told: list[tuple[OrderEvent, Trade | None]] = []
        self.odd: list[str] = []
        self.notebook = Notebook()
        updates = Updates(
            Kin(Symbols()),
            self.notebook,
            lambda: MORNING,
            lambda _update, _order: None,
            lambda event, trade: self.told.append((event, trade)),
            lambda _order_id, _parent_id: False,
            lambda _entry_id: None,
        )
        self.conversation = AccountConversation(
            Ignoring(), own(), updates.told, self.odd.append, lambda: None
        )
        self.conversation.opened(Ignoring())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_frame_breaks_the_trading_stream(frame: bytes) -> None:
    account = Account()
    account.conversation.received(frame, True)
    assert len(account.told) + len(account.odd) <= 1


@given(st.sampled_from(sorted(FILL)), st.sampled_from(sorted(FILL["order"])), JSON, st.booleans())
def test_a_fill_with_one_odd_member_is_told_or_is_suspicious(
    outer: str, inner: str, value: Any, in_order: bool
) -> None:
    """Never dropped in silence, and never the end of the connection."""
    fill = copy.deepcopy(FILL)
    if in_order:
        fill["order"][inner] = value
    else:
        fill[outer] = value
    account = Account()
    body = json.dumps({"stream": "trade_updates", "data": fill}).encode()
    account.conversation.received(body, True)
    assert account.told or account.odd or "suspicion" in account.notebook.names()


@given(st.binary() | JSON.map(lambda value: json.dumps([value]).encode()))
def test_no_frame_breaks_a_data_stream(frame: bytes) -> None:
    seen: list[Any] = []
    conversation = DataConversation(
        Ignoring(), own(), Wish(("AAPL",)), seen.append, seen.append, lambda: None
    )
    conversation.opened(Ignoring())
    conversation.received(frame, False)
    assert len(seen) <= 1
