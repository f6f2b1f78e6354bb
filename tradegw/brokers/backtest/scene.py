"""What the run is played on: the exchange with its account, the data, and who takes notes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

from ...model.events import Event
from ...simulator.instruments import Instrument
from ...simulator.playback import Ids, Listing, Playback
from .config import BacktestSettings
from .data.course import Course
from .data.fx import rates
from .data.history import History
from .data.loaded import DataSets
from .names import counted
from .recording import Recording
from .report.recorder import Recorder
from .stage import Stage
from .transcript import Transcript

TRANSCRIPT: Final = "transcript.jsonl"


class Scene:
    """Put up once, of *own* settings. Events of the exchange and prices go to *tell*; *directory*
    is that of the report.
    """

    def __init__(
        self, own: BacktestSettings, directory: Path, tell: Callable[[Event], object]
    ) -> None:
        self.data = data = own.data
        self.instruments = {symbol: instrument_of(data, symbol) for symbol in data.symbols}
        self.course = Course(data, own.deliveries)
        self.transcript = Transcript(directory / TRANSCRIPT if own.reported.transcript else None)
        self.recorder = recorder = Recorder(own.terms.cash)
        self.recording = recording = Recording(recorder, data)
        self._tell = tell
        self.history = History(data)
        has_rates = any(data.options(symbol).fx is not None for symbol in data.symbols)
        self.exchange = exchange = Playback(
            own.terms,
            Listing(
                instrument=self.instruments.get,
                rate=rates(data, self._shown) if has_rates else None,
                day_end=data.day_end,
            ),
            Ids(order=counted("bt-o"), trade=counted("bt-t")),
            self._happened,
            recording.filled,
            recorder.ambiguous,
        )
        self.stage = Stage(
            data, exchange, recording, own.spread, tell, close_at_end=own.conduct.close_at_end
        )

    def _happened(self, event: Event) -> None:
        self.stage.touched()
        self.recording.told(event)
        self._tell(event)

    def _shown(self, symbol: str) -> Decimal | None:
        tick = self.exchange.last_tick(symbol)
        if tick is not None:
            return tick.last
        return self.history.last_close(symbol, self.data.begin)


def instrument_of(data: DataSets, symbol: str) -> Instrument:
    """*symbol* as it is traded."""
    options = data.options(symbol)
    known = Instrument(symbol=symbol)
    return Instrument(
        symbol=symbol,
        asset_class=options.asset_class,
        price_step=options.tick or known.price_step,
        quantity_step=options.lot or known.quantity_step,
        minimum_quantity=options.min_qty or known.minimum_quantity,
        multiplier=options.multiplier,
    )
