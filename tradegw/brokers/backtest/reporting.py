"""The report of a run, made of what was recorded and of how things stand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ... import __version__
from ...model.backtest import RunState
from .config import BacktestSettings
from .report.document import Report
from .report.facts import DataSet, Ending, Setup
from .scene import Scene


class Reporting:
    """Reports of one run; *directory* is where the files go."""

    def __init__(
        self,
        own: BacktestSettings,
        run_id: str,
        scene: Scene,
        directory: Path,
    ) -> None:
        self.directory = directory
        self._is_paced = own.conduct.clients > 0  # else orders come when they come
        self._is_doubtful = False
        self._recorder = recorder = scene.recorder
        self._exchange = scene.exchange
        self._transcript = scene.transcript
        terms = own.terms
        self._setup = Setup(
            run_id=run_id,
            cash=terms.cash,
            currency=terms.currency,
            config={**own.variables, **own.others},
            data=[
                DataSet(
                    symbol=one.symbol,
                    kind=one.kind,
                    rows=one.rows,
                    sha256=one.sha256,
                    first=one.first,
                    last=one.last,
                    warnings=one.warnings,
                )
                for one in own.data.series
            ],
            leverage=terms.leverage,
            risk_free=own.reported.risk_free,
            periods=own.reported.periods,
            fills_current=terms.fill_current,
            version=__version__,
        )
        for warning in own.warnings:
            recorder.warned(warning)

    def doubt(self, reason: str) -> None:
        """Another run of the same might end in another way."""
        self._is_doubtful = True
        self._recorder.warned(reason)

    def write(self, report: Report) -> None:
        """Put all files into the directory; raises ``ReportError``."""
        self._transcript.close()
        report.write(self.directory)

    def report(
        self, state: RunState, start: datetime, clock: datetime, events: int, wall_seconds: float
    ) -> Report:
        """The report as of now."""
        exchange = self._exchange
        account = exchange.account()
        return Report.of(
            self._recorder,
            self._setup,
            Ending(
                status=state.value,
                start=start,
                end=clock,
                balance=account.balance,
                equity=account.equity,
                margin_used=account.margin_used,
                orders=exchange.open_orders(),
                never_active=exchange.never_active(),
                positions=exchange.positions(),
                events=events,
                wall_seconds=wall_seconds,
                transcript_sha256=self._transcript.sha256,
                is_reproducible=not self._is_doubtful and (self._is_paced or not exchange.trades()),
            ),
        )
