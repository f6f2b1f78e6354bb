"""Bars through the simulated exchange alone: no gateway, no strategy, nobody who is told.

    python bench/simulator.py [--bars 50000] [--rounds 5]

Minutes of a random walk on one core. Shown are bars a second (the median of the rounds) and the
ratio to bars without orders (the median of the rounds' ratios).

Ways:

idle      nothing rests and nothing is held: a bar need only be shown
far       a limit rests that no bar reaches
held      a position with a stop and a target that no bar reaches
trading   an order at market on every second bar, which turns the position round
brackets  a position with a stop and a target that are near: most bars are walked, some tried twice
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from tradegw.model.enums import OrderType, Side
from tradegw.model.order import OrderRequest
from tradegw.simulator.instruments import Instrument
from tradegw.simulator.paths import Path, PriceBar, Prices
from tradegw.simulator.playback import Ids, Listing, Playback
from tradegw.simulator.terms import Terms

MINUTE = timedelta(minutes=1)
Strategy = Callable[[Playback, int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bars", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    bars = walked(asked.bars)
    ways: dict[str, Strategy] = {
        "idle": lambda playback, number: None,
        "far": far,
        "held": held,
        "trading": trading,
        "brackets": brackets,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(asked.rounds):
        for name, strategy in ways.items():
            taken[name].append(seconds(bars, strategy))
    for name, times in taken.items():
        ratio = statistics.median(
            idle / own for idle, own in zip(taken["idle"], times, strict=True)
        )
        print(f"{name:9} {len(bars) / statistics.median(times):9,.0f} bars/s  {ratio:5.2f}")


def walked(number: int) -> list[PriceBar]:
    """Bars around 100, to the cent."""
    rng, begin = random.Random(1), datetime(2024, 1, 1, tzinfo=UTC)
    bars, price = [], 10_000
    for n in range(number):
        close = min(max(price + rng.randint(-50, 50), 5_000), 20_000)
        high = max(price, close) + rng.randint(0, 30)
        low = min(price, close) - rng.randint(0, 30)
        prices = Prices(*(Decimal(cents).scaleb(-2) for cents in (price, high, low, close)))
        bars.append(PriceBar(begin + n * MINUTE, prices, prices, Decimal(1000)))
        price = close
    return bars


def seconds(bars: Sequence[PriceBar], strategy: Strategy) -> float:
    """How long it takes to play all of *bars*."""
    orders, trades = count(1), count(1)
    playback = Playback(
        Terms(cash=Decimal(10**8), path=Path.WORST),
        Listing(instrument=lambda symbol: Instrument(symbol=symbol)),
        Ids(lambda: f"o{next(orders)}", lambda: f"t{next(trades)}"),
        lambda event: None,
    )
    began = time.perf_counter()
    for number, bar in enumerate(bars):
        playback.due()
        for _ in playback.open_bar("X", bar, bar.time + MINUTE):
            pass
        while playback.next_hit("X") is not None:
            for _ in playback.hit("X"):
                pass
        for _ in playback.leave("X"):
            pass
        strategy(playback, number)
    return time.perf_counter() - began


def send(playback: Playback, side: Side, quantity: int = 10, **members: object) -> None:
    kind = OrderType.MARKET
    if "limit_price" in members or "stop_price" in members:
        kind = OrderType.LIMIT if "limit_price" in members else OrderType.STOP
    request = OrderRequest(
        symbol="X", side=side, quantity=Decimal(quantity), order_type=kind, **members
    )
    playback.submit(request, playback.time)


def far(playback: Playback, number: int) -> None:
    if not number:
        send(playback, Side.BUY, limit_price=Decimal(1))


def held(playback: Playback, number: int) -> None:
    if not number:
        send(playback, Side.BUY)
        send(playback, Side.SELL, stop_price=Decimal(1), reduce_only=True)
        send(playback, Side.SELL, limit_price=Decimal(1000), reduce_only=True)


def trading(playback: Playback, number: int) -> None:
    if number % 2:
        send(playback, Side.BUY if number % 4 == 1 else Side.SELL, 10 if number == 1 else 20)


def brackets(playback: Playback, number: int) -> None:
    working = len(playback.open_orders())
    position, tick = playback.position("X"), playback.last_tick("X")
    assert tick is not None
    if position is None and not working:
        send(playback, Side.BUY)
    elif position is not None and not working:
        reach = Decimal("0.2")
        send(playback, Side.SELL, stop_price=tick.last - reach, reduce_only=True)
        send(playback, Side.SELL, limit_price=tick.last + reach, reduce_only=True)
    elif position is None:
        for order in playback.open_orders():
            playback.cancel(order.id, playback.time)


if __name__ == "__main__":
    main()
