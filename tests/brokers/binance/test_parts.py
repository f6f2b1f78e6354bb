"""Parts by themselves: what is wanted, names, conversations worked by hand, kin."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from twisted.internet.task import Clock

from tests.brokers.wires import ByHand
from tradegw.brokers.binance.data_stream import BATCH, DataConversation, Ears
from tradegw.brokers.binance.spot import encoding, ids
from tradegw.brokers.binance.spot.instruments import Instruments
from tradegw.brokers.binance.spot.kin import Kin
from tradegw.brokers.binance.spot.names import Names
from tradegw.brokers.binance.wanted import Wanted
from tradegw.errors import GatewayError
from tradegw.model.enums import Platform, Timeframe
from tradegw.model.subscription import Subscription

from .payloads import order, report, symbol
from .stand import Notes
from .test_rules import request


class Progress:
    """Notes what a conversation tells."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def logged_on(self) -> None:
        self.told.append("on")

    def refused(self, error: GatewayError) -> None:
        self.told.append("refused")

    def failed(self, reason: str) -> None:
        self.told.append(f"failed: {reason}")

    def alive(self) -> None:
        self.told.append("alive")


def nothing(*_told: Any) -> None:
    """Is done."""


def opened(names: tuple[str, ...]) -> tuple[ByHand, Progress, Clock]:
    progress, clock = Progress(), Clock()
    ears = Ears(
        quoted=nothing,
        traded=nothing,
        barred=nothing,
        ending=lambda: progress.told.append("ending"),
        opened=nothing,
        gone=nothing,
    )
    line = ByHand(DataConversation(progress, names, ears, clock))
    line.open()
    return line, progress, clock


# -- what is wanted


def subscribed(*events: str, name: str = "SOLUSDC") -> Wanted:
    return Wanted((Subscription(Platform.BINANCE_TESTNET, name, events),))


def test_streams_by_their_names() -> None:
    assert subscribed("quote", "candle_1h").names() == (
        "solusdc@bookTicker",
        "solusdc@miniTicker",
        "solusdc@kline_1h",
    )


def test_candles_that_the_exchange_lacks_are_made_of_others() -> None:
    wanted = subscribed("candle_2m", "candle_10m")
    assert set(wanted.names()) == {"solusdc@kline_1m", "solusdc@kline_5m"}
    assert wanted.frames("SOLUSDC") == (Timeframe.M2, Timeframe.M10)


def test_orders_need_no_prices() -> None:
    assert subscribed("order_update").names() == ()


def test_everything_of_one_symbol_is_quotes_and_minutes() -> None:
    assert "solusdc@kline_1m" in subscribed("*").names()
    assert subscribed("*", name="*").names() == ()


# -- the market's conversation


def test_many_names_are_sent_in_batches_and_slowly() -> None:
    names = tuple(f"s{number}@bookTicker" for number in range(BATCH * 2 + 1))
    line, progress, clock = opened(names)
    assert len(line.sent) == 1
    clock.pump([0.2] * 5)
    asked = [msgspec.json.decode(each) for each in line.sent]
    assert [each["id"] for each in asked] == [1, 2, 3]
    assert [name for each in asked for name in each["params"]] == list(names)
    line.say(b'{"result":null,"id":1}')
    line.say(b'{"result":null,"id":2}')
    assert progress.told == []
    line.say(b'{"result":null,"id":3}')
    assert progress.told == ["on"]


def test_a_connection_that_ends_asks_for_no_more() -> None:
    line, _progress, clock = opened(tuple(f"s{number}@bookTicker" for number in range(BATCH + 1)))
    line.lose()
    clock.advance(10)
    assert len(line.sent) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b'{"code":2,"msg":"Invalid request: unknown variant","id":1}',
        b'{"error":{"code":2,"msg":"Invalid request"},"id":1}',
    ],
)
def test_a_subscription_that_is_refused_is_told_in_both_shapes(payload: bytes) -> None:
    line, progress, _clock = opened(("a@bookTicker",))
    line.say(payload)
    assert progress.told[0].startswith("failed")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}',
        b'{"e":"serverShutdown","E":1}',
    ],
)
def test_the_end_is_announced_in_both_shapes(payload: bytes) -> None:
    line, progress, _clock = opened(("a@bookTicker",))
    line.say(payload)
    assert progress.told == ["ending"]


@pytest.mark.parametrize("payload", [b"", b"[", b"[]", b"\xff\xfe", b'{"stream":"a@bookTicker"}'])
def test_garbage_stops_nothing(payload: bytes) -> None:
    line, progress, _clock = opened(("a@bookTicker",))
    line.say(payload)
    line.say(b'{"result":null,"id":1}')
    assert progress.told == ["on"]


# -- names, and who belongs to whom


def test_a_name_that_does_not_fit_is_a_digest_at_the_exchange() -> None:
    names, again = Names(), Names()
    sent = names.sent("SOLUSDC:9013344210-sl-1")
    assert ids.CLIENT_IDS.fits(sent)
    assert again.sent("SOLUSDC:9013344210-sl-1") == sent  # another process finds it
    assert names.shown(sent) == "SOLUSDC:9013344210-sl-1"
    assert names.sent("gw-7f3a01") == "gw-7f3a01"
    assert names.sent("SOLUSDC:9013344210-sl-2") != sent


def test_an_exit_is_of_the_entry_in_whose_list_it_is() -> None:
    kin, name = Kin(), ids.beside("c-1", ids.STOP_LOSS)
    leg = report(i=7, g=31, c=name, S="SELL", o="STOP_LOSS", P="125", x="NEW", X="PENDING_NEW")
    assert kin.lacks_entry(leg.c, leg.g)
    kin.learn(order(orderId=5, orderListId=31, clientOrderId="c-1"))
    assert kin.told(leg).parent_order_id == "SOLUSDC:5"


def test_an_exit_behind_its_entry_says_whose_it_is() -> None:
    name = ids.behind(5, ids.TAKE_PROFIT)
    leg = order(orderId=8, orderListId=32, clientOrderId=name, side="SELL", type="LIMIT_MAKER")
    assert Kin().decoded(leg).parent_order_id == "SOLUSDC:5"


def test_lists_of_others_have_no_entry() -> None:
    kin = Kin()
    theirs = order(orderId=8, orderListId=40, clientOrderId="web_1", side="SELL")
    assert kin.decoded(theirs).parent_order_id is None


def test_an_opoco_names_no_quantity_of_its_exits_and_an_otoco_does() -> None:
    asked = request(client_order_id="c-1", stop_loss="125", take_profit="160")
    assert "pendingQuantity" not in dict(encoding.bracket(asked))
    with_quantity = dict(encoding.bracket(asked, asked.quantity))
    assert with_quantity["pendingQuantity"] == "2"


# -- symbols


def listed(memory: Notes, *names: str) -> Instruments:
    found = Instruments(memory)
    found.learn([symbol(symbol=name) for name in ("SOLUSDT", "SOLUSDC")])
    for name in names:
        found.use(name)
    return found


def test_a_coin_is_traded_where_it_was_last_also_after_a_restart() -> None:
    memory = Notes()
    for instruments in (listed(memory, "SOLUSDT", "SOLUSDC", "SOLUSDT"), listed(memory)):
        traded = instruments.traded("SOL")
        assert traded is not None
        assert traded.symbol == "SOLUSDT"


def test_what_is_remembered_and_cannot_be_read_is_nothing() -> None:
    memory = Notes()
    memory.values["binance:symbols"] = b"{"
    assert listed(memory).followed() == ()
