"""Writes down what an exchange does before it is told, and begins again where another one was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from .account import MarginAccount
from .diary import Diary
from .ledger import Ledger
from .margin import MarginWatch
from .market import Market
from .state import Change, MarketState

Moment = tuple[datetime, datetime]
"""What time it is, and when day orders expire next."""

_NOTHING: Final = (Decimal("NaN"), False)


class Keeping:
    """Of one exchange; *moment* tells its time."""

    def __init__(
        self,
        account: MarginAccount,
        ledger: Ledger,
        watch: MarginWatch,
        markets: Mapping[str, Market],
        diary: Diary,
        moment: Callable[[], Moment],
    ) -> None:
        self._account = account
        self._ledger = ledger
        self._watch = watch
        self._markets = markets
        self._diary = diary
        self._moment = moment
        self._figures: tuple[Decimal, bool] = _NOTHING

    def settle(self) -> None:
        """Record what has changed since the last time, if anything has."""
        diary = self._diary
        figures = (self._account.balance, self._watch.warned)
        record = diary.record
        if record is None or (diary.is_empty and figures == self._figures):
            return
        self._figures = figures
        traded = dict.fromkeys(trade.symbol for trade in diary.trades)
        ordered = {order.symbol for order in diary.orders.values()}
        ordered |= {order.symbol for order in diary.ended}
        time, midnight = self._moment()
        record(
            Change(
                time=time,
                midnight=midnight,
                sequence=self._ledger.sequence,
                ordinals={symbol: self._ledger.ordinals[symbol] for symbol in sorted(ordered)},
                balance=figures[0],
                warned=figures[1],
                orders=tuple(diary.orders.values()),
                ended=tuple(diary.ended),
                trades=tuple(diary.trades),
                held=tuple(self._account.held(symbol) for symbol in traded),
                markets=self._states(traded),
            )
        )
        diary.clear()

    def state(self) -> Change:
        """Everything, as a value."""
        account, ledger = self._account, self._ledger
        time, midnight = self._moment()
        return Change(
            time=time,
            midnight=midnight,
            sequence=ledger.sequence,
            ordinals=dict(sorted(ledger.ordinals.items())),
            balance=account.balance,
            warned=self._watch.warned,
            orders=tuple(order.copy() for order in ledger.all_working()),
            ended=tuple(ledger.done()),
            trades=tuple(ledger.trades()),
            held=tuple(account.held(symbol) for symbol in account.holdings),
            markets=self._states(sorted(self._markets)),
        )

    def restore(self, state: Change) -> None:
        """Begin where *state* was; the markets are the exchange's to restore."""
        self._account.restore(state.balance, state.held)
        self._watch.warned = state.warned
        orders = [order.copy() for order in state.orders]
        self._ledger.restore(orders, state.ended, state.trades, state.sequence)
        self._ledger.ordinals.update(state.ordinals)
        self._figures = (state.balance, state.warned)

    def _states(self, symbols: Iterable[str]) -> tuple[MarketState, ...]:
        markets = (self._markets[symbol] for symbol in symbols)
        return tuple(each.state(each.tick) for each in markets if each.tick is not None)
