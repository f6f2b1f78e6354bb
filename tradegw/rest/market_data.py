"""``/v1/quotes`` and ``/v1/bars``: prices."""

from __future__ import annotations

from .. import errors
from ..model.market import Bar, BarQuery, Quote
from .rooms import Rooms
from .routing import Routes

routes = Routes("market_data")


@routes.get(
    "/v1/quotes/<symbol>",
    operation_id="get_quote",
    answer=Quote,
    errors=(errors.SymbolNotFound,),
)
async def get_quote(rooms: Rooms, symbol: str) -> Quote:
    """The current quote.

    A slash in the symbol is written ``%2F``.
    """
    return await rooms.enquiry.quote(symbol)


@routes.get(
    "/v1/bars/<symbol>",
    operation_id="get_bars",
    query=BarQuery,
    answer=list[Bar],
    errors=(errors.SymbolNotFound,),
)
async def get_bars(rooms: Rooms, symbol: str, query: BarQuery) -> list[Bar]:
    """Finished bars, oldest first.

    A timeframe that the broker cannot do is refused, never substituted.
    """
    return await rooms.enquiry.bars(symbol, query)
