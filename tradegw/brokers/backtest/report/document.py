"""The report of a run: one document, and the files that show it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ....model.wire import to_builtins
from .breakdown import by_side, by_symbol
from .curve import EquityCurve
from .exact import stamp, tidy
from .facts import DataSet, Ending, Setup
from .files import write_all
from .honesty import honesty
from .html.page import page
from .measures import measures, monthly
from .recorder import Recorder
from .remainder import open_trips, reconciliation
from .tables import equity_table, fill_table, order_table, trip_table


class Report:
    """What was recorded, measured. ``document`` is the content of ``report.json``: decimals are
    strings, ratios numbers of eight significant digits, what is undefined ``None``.
    """

    def __init__(
        self, recorder: Recorder, setup: Setup, ending: Ending, document: dict[str, Any]
    ) -> None:
        self.document = document
        self._recorder = recorder
        self._setup = setup
        self._ending = ending

    @classmethod
    def of(cls, recorder: Recorder, setup: Setup, ending: Ending) -> Report:
        """Measure what *recorder* has heard so far."""
        curve = _curve(recorder, ending)
        document: dict[str, Any] = {
            "report_version": 1,
            "run_id": setup.run_id,
            "gateway_version": setup.version,
            "status": ending.status,
            "reproducible": ending.is_reproducible and not recorder.interruptions,
            "config": dict(setup.config),
            "data": [_data(data) for data in setup.data],
            "clock": {"start": stamp(ending.start), "end": stamp(ending.end)},
            "account": {
                "cash": tidy(setup.cash),
                "balance": tidy(ending.balance),
                "equity": tidy(ending.equity),
                "currency": setup.currency,
            },
            "metrics": measures(recorder, curve, setup, ending),
            "monthly_returns": monthly(curve, setup),
            "by_symbol": by_symbol(recorder),
            "by_side": by_side(recorder),
            "open_trades": open_trips(recorder, ending),
            "reconciliation": reconciliation(recorder, setup, ending),
            "honesty": honesty(recorder, setup, ending),
            "events": ending.events,
            "wall_seconds": round(ending.wall_seconds, 3),
            "transcript_sha256": ending.transcript_sha256,
        }
        return cls(recorder, setup, ending, to_builtins(document))

    def write(self, directory: Path) -> None:
        """Write all files into *directory*, which is made if need be; each is whole or not there.

        Raises ``ReportError`` naming what could not be written, after all else was.
        """
        recorder, ending = self._recorder, self._ending
        curve = _curve(recorder, ending)
        orders = [*recorder.orders, *ending.orders]
        write_all(
            directory,
            {
                "report.json": lambda: [_json(self.document)],
                "trades.csv": lambda: trip_table(recorder.trips),
                "fills.csv": lambda: fill_table(recorder.fills),
                "orders.csv": lambda: order_table(orders),
                "equity.csv": lambda: equity_table(curve, self._setup.leverage),
                "report.html": lambda: page(self.document, recorder, curve, ending),
            },
        )


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _curve(recorder: Recorder, ending: Ending) -> EquityCurve:
    return recorder.curve.until(ending.end, ending.balance, ending.equity, ending.margin_used)


def _data(data: DataSet) -> dict[str, Any]:
    return {
        "symbol": data.symbol,
        "kind": data.kind,
        "rows": data.rows,
        "sha256": data.sha256,
        "first": stamp(data.first),
        "last": stamp(data.last),
        "warnings": list(data.warnings),
    }
