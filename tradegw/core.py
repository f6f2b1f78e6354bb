"""The middle of the gateway, wired: everything between the doors and the broker.

It knows no socket. The service puts the doors around it, tests a scripted broker under it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from .deferreds import logged, shield
from .exits.alerts import Alerts
from .exits.closeout import Closeout
from .exits.expiry import Expiry
from .exits.guardian import Guardian
from .exits.keeping import Keeping
from .exits.outcry import Outcry
from .exits.overview import Overview
from .exits.stripping import Stripping
from .interfaces import IBroker, IEventSink, IJournal, WallClock
from .metrics.meters import Meters
from .model.enums import AlertCode, OrderEventKind, OrderStatus
from .model.events import OrderEvent
from .model.journal import Intent, IntentKind
from .model.order import Order
from .model.protection import ExitLimits
from .orders.alarm import Alarm
from .orders.attempt import Attempt
from .orders.blotter import Blotter
from .orders.books import Books
from .orders.cancels import Cancels
from .orders.chronicle import Chronicle
from .orders.clearing import Clearing
from .orders.closing import Closing
from .orders.desk import Desk
from .orders.dispatch import Dispatch
from .orders.entry import Entry
from .orders.findings import Findings
from .orders.gate import Gate
from .orders.hedges import Hedges
from .orders.intake import Intake
from .orders.intents import Intents
from .orders.last_resort import LastResort
from .orders.line import Line
from .orders.link import Link
from .orders.losses import Losses
from .orders.moves import Moves
from .orders.oco import OcoGroups
from .orders.patience import Patience
from .orders.reads import Reads
from .orders.reconcile import LINK, Reconciliation
from .orders.record import Record
from .orders.reference import Reference
from .orders.release import Release
from .orders.replaces import Replaces
from .orders.resolution import Resolution
from .orders.restoring import restore_orders, restore_untold
from .orders.spelling import shown
from .orders.stillness import Stillness
from .orders.stock import Stock
from .orders.sweep import Sweep
from .orders.timelines import Timelines
from .orders.told import Told
from .orders.trading import TradingSwitch
from .orders.wanted import is_minted, order_of, request_of
from .orders.watch import Watch
from .orders.withdrawal import Withdrawals
from .orders.writing import Writing
from .risk.breakers import Breakers

SUBMIT_WAIT_SECONDS: Final = 10.0
RECONCILE_SECONDS: Final = 60.0


class Surroundings(Struct, frozen=True, kw_only=True):
    """What the middle is put into. *seconds* tells monotonic time, *new_id* makes unique texts."""

    journal: IJournal
    sink: IEventSink
    meters: Meters
    clock: IReactorTime
    seconds: Callable[[], float]
    now: WallClock
    new_id: Callable[[], str]
    submit_wait_seconds: float = SUBMIT_WAIT_SECONDS
    reconcile_seconds: float | None = RECONCILE_SECONDS
    exit_limits: ExitLimits = ExitLimits()


class Core:
    """One broker account. Events come in at :attr:`intake`, clients' wishes at :attr:`desk`."""

    log = Logger()

    def __init__(self, broker: IBroker, around: Surroundings) -> None:
        self.journal = journal = around.journal
        self.meters = meters = around.meters
        self._now = now = around.now
        clock, seconds = around.clock, around.seconds
        self.blotter = blotter = Blotter()
        told_books, self.books = Books(), Books()
        restore_orders(journal, blotter, told_books, self.books)
        restore_untold(journal, blotter)
        hedges = Hedges(journal, broker)
        self.chronicle = chronicle = Chronicle(
            journal, around.sink, blotter, told_books, now, hedges
        )
        self.alarm = alarm = Alarm(chronicle, meters, now)
        self._losses = Losses(journal, alarm)
        self.trading = TradingSwitch(journal, alarm, meters, now)
        self.breakers = Breakers(seconds, self._breakers_reset)
        self.line = line = Line(broker, self.breakers.adapter, clock, seconds)
        self.intents = intents = Intents(journal, now, seconds, around.new_id)
        patience = Patience(clock, around.submit_wait_seconds)
        writing = Writing(journal, clock)
        self.dispatch = dispatch = Dispatch(line, blotter, intents, writing, meters, patience)
        nets = hedges.nets
        told = Told(blotter, self.books, told_books, journal, intents, dispatch.seen, nets=nets)
        told.positions |= hedges.told()
        self.gate = Gate(self.trading.gate, self.books, blotter, intents, told, clock, nets=nets)
        self.entry = entry = Entry(line, blotter, told, intents, writing, dispatch, self.gate)
        exit_breaker, alerts = self.breakers.exit_order, Alerts(alarm)
        outcry = Outcry(alerts, exit_breaker, meters.exits, now, seconds)
        self.guardian = guardian = Guardian(
            entry, exit_breaker, outcry, Keeping(journal, now), clock, seconds, nets=hedges.nets
        )
        self.protection = Overview(
            guardian.plans,
            told.positions,
            nets=hedges.nets,
            spell=lambda symbol: shown(broker, symbol),
        )
        self.reads = Reads(line, blotter, intents, journal, clock, seconds, now)
        record = Record(journal, writing, now, around.new_id)
        self._watch = watch = Watch(entry, blotter, intents, clock)
        self._cancels = cancels = Cancels(entry, guardian, record, watch, patience)
        sweep = Sweep(
            line,
            cancels,
            blotter,
            intents,
            dispatch,
            patience,
            Stripping(guardian.plans, guardian.holdings, alerts, exit_breaker).tell,
        )
        self._replaces = Replaces(entry, blotter, self.gate, guardian, record, watch, patience)
        self.closing = Closing(
            line,
            blotter,
            intents,
            dispatch,
            self.gate,
            Clearing(self.reads, guardian, clock, hold=broker.exits_hold_quantity),
            self._suspect,
        )
        self.link = Link(broker.platform, chronicle, alarm, meters, seconds, now)
        reference = Reference(entry, blotter, watch, self.reads, self.link.fresh, clock)
        self.desk = Desk(
            entry,
            self._replaces,
            cancels,
            sweep,
            self.closing,
            Moves(guardian, reference, writing, patience),
            reference,
        )
        stock = Stock(self.books, told, chronicle, self.trading, guardian, now, nets=hedges.nets)
        self._findings = findings = Findings(line, blotter, told, stock, journal, alarm, now)
        self.reconciliation = Reconciliation(
            line, findings, journal, meters, clock, now, around.reconcile_seconds
        )
        self.release = Release(chronicle, clock, meters)
        withdrawals = Withdrawals(entry, blotter, guardian, alarm, clock, findings.learned)
        self._groups = groups = OcoGroups(blotter, withdrawals, alarm, journal, now)
        self.intake = Intake(told, guardian, groups, self.link, self.release, alarm, meters)
        self.resolution = Resolution(line, blotter, dispatch, clock, findings.learned)
        self.timelines = Timelines(journal)
        self._connect()
        self._restore()
        self._look_out(alerts, around)

    def _connect(self) -> None:
        """Those who are known to each other both ways."""
        self.dispatch.connect(
            self.guardian,
            self.resolution.pursue,
            self._turned_up,
            self._never_arrived,
            self._groups.found,
        )
        self.entry.guard_with(self.guardian, self.resolution, self._groups.found, self.link.fresh)
        self.guardian.trails.connect(lambda symbol: symbol in self.link.staleness.symbols)
        self.guardian.doubt_with(self._suspect, self._findings.learned)
        self._watch.tell_with(self._findings.learned)
        self._findings.tell_to(self.intake, self._groups.resume)
        self.intake.connect(
            self._suspect, self._relinked, self.trading.distrust, self.closing.on_order
        )
        idle = (self.desk.idle, self.guardian.idle, self.release.empty, self.chronicle.empty)
        self.settled = Stillness(idle, self.intents.under_way)

    def _look_out(self, alerts: Alerts, around: Surroundings) -> None:
        """For exits that are missing, whatever the reason, and entries that wait for too long."""
        limits, clock = around.exit_limits, around.clock
        last_resort = LastResort(self.closing, self._cancels, self.intents)
        self.guardian.undo_with(last_resort)
        self.guardian.trails.look_every(limits.trail_seconds)
        self.guardian.look_out(
            Closeout(alerts, last_resort, limits, clock),
            Expiry(alerts, last_resort, limits, clock, around.now),
            limits.look_seconds,
        )

    def _restore(self) -> None:
        """What was under way when the last process ended is found out."""
        self.guardian.restore(self.blotter.all_told())
        self._groups.restore()
        unresolved = self.journal.unresolved()
        for intent in [recorded.intent for recorded in unresolved]:
            if intent.kind is IntentKind.CANCEL:
                self._cancels.resume(intent)
                continue
            if intent.kind is IntentKind.REPLACE:
                self._replaces.resume(intent)
                continue
            attempt = self.intents.restore(intent)
            self.blotter.expect(attempt.links)
            if intent.kind is IntentKind.CLOSE:
                self.closing.restore(attempt)
            self.resolution.pursue(attempt)
        for order in (*self.blotter.told_working(), *self.blotter.untold()):
            self._restore_close(order)
        if unresolved:
            self.log.warn(
                "{count} requests to the broker had no known outcome when the gateway ended",
                count=len(unresolved),
            )

    def _restore_close(self, order: Order) -> None:
        """A closing order that works on is not sent again when it is asked for again."""
        if order.correlation_id is not None and is_minted(order.client_order_id):
            attempt = self.intents.by_id(order.correlation_id)
            if attempt is not None and attempt.intent.kind is IntentKind.CLOSE:
                self.closing.restore(attempt)

    def _suspect(self, reason: str) -> None:
        self.reconciliation.suspect(reason)

    def _relinked(self) -> Deferred[bool]:
        """The broker is there: first of all it is asked how things stand."""
        up = self.link.up_after(self.reconciliation.run(LINK))
        logged(up.addCallback(self._back), self.log, "after the broker came back")
        return shield(up)

    def _back(self, is_up: bool) -> bool:
        if is_up:
            self.gate.reconciled()
            self.guardian.on_link_up()
        return is_up

    def _never_arrived(self, intent: Intent) -> None:
        """Tell the client that was left in doubt."""
        order = order_of(intent, OrderStatus.REJECTED, self._now())
        self.intake.undone(
            OrderEvent(
                timestamp=self._now(), event=OrderEventKind.REJECTED, order=order, reconciled=True
            )
        )

    def _turned_up(self, attempt: Attempt, order: Order) -> None:
        """It was believed never to have arrived, and its client was told so."""
        intent = attempt.intent
        self.alarm.raise_alert(
            AlertCode.INTERNAL_ERROR,
            f"Order {order.id} turned up: it was believed never to have reached the broker",
            {"order_id": order.id, "symbol": order.symbol, "correlation_id": intent.id},
        )
        if intent.kind is IntentKind.SUBMIT:
            self.entry.expect_exits(attempt, request_of(intent))

    def _breakers_reset(self) -> None:
        self.meters.breakers_reset()
        self.guardian.resume()

    def finish(self) -> Deferred[None]:
        """Nothing more is begun; fires when all that was published is told."""
        self.reconciliation.stop()
        self.resolution.stop()
        self._watch.stop()
        self._groups.stop()
        self.release.flush()
        return self.chronicle.empty()
