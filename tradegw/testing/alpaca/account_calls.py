"""``/v2/account`` with its activities, and the reference data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from .account import Account
from .amounts import text
from .assets import Asset, Listing
from .book import Book, Execution
from .calls import Answer, Call, Routes
from .desk import Desk
from .hours import calendar, clock_of
from .refusals import absent, malformed
from .rules import Rules
from .stamps import Stamps, time_of, zulu

_MOST: Final = 100


class AccountCalls:
    """The account, what it did, and what it may know."""

    def __init__(
        self,
        stamps: Stamps,
        account: Account,
        listing: Listing,
        book: Book,
        rules: Rules,
        desk: Desk,
    ) -> None:
        self._stamps = stamps
        self._account = account
        self._listing = listing
        self._book = book
        self._rules = rules
        self._desk = desk

    def add_to(self, routes: Routes) -> None:
        """Answer the calls of this part."""
        routes.add("GET", "/v2/account", self.account)
        routes.add("GET", "/v2/account/activities/FILL", self.fills)
        routes.add("GET", "/v2/account/activities", self.activities)
        routes.add("GET", "/v2/assets", self.assets)
        routes.add("GET", "/v2/assets/{}", self.asset)
        routes.add("GET", "/v2/clock", self.clock)
        routes.add("GET", "/v2/calendar", self.calendar)

    def account(self, _call: Call) -> Answer:
        """The money."""
        return Answer(200, self._account.told(self._rules.money(), self._stamps.take()))

    # -- activities

    def activities(self, call: Call) -> Answer:
        """The fills; the double knows no other activities."""
        wanted = call.words("activity_types")
        return Answer(200, []) if wanted and "FILL" not in wanted else self.fills(call)

    def fills(self, call: Call) -> Answer:
        """Executions, newest first unless told otherwise, page by page."""
        after, until = call.moment("after"), call.moment("until")
        found = [
            each
            for each in self._book.executions
            if (after is None or each.moment > after) and (until is None or each.moment < until)
        ]
        if "date" in call.query:
            day = call.day("date", time_of(0).date())
            found = [each for each in found if time_of(each.moment).date() == day]
        if "order_id" in call.query:
            found = [each for each in found if each.order_id == call.query["order_id"]]
        if call.query.get("direction") != "asc":
            found.reverse()
        token = call.query.get("page_token")
        if token:
            at = [number for number, each in enumerate(found) if each.activity_id == token]
            if not at:
                raise malformed("invalid page_token")
            found = found[at[0] + 1 :]
        return Answer(
            200, [_activity(each) for each in found[: call.whole("page_size", _MOST, _MOST)]]
        )

    # -- reference data

    def assets(self, call: Call) -> Answer:
        """Assets of a class, stocks unless told otherwise."""
        wanted = call.query.get("asset_class") or "us_equity"
        status = call.query.get("status")
        told = [asset.told() for asset in self._listing.all() if asset.asset_class == wanted]
        return Answer(200, [each for each in told if status in (None, "", each["status"])])

    def asset(self, call: Call) -> Answer:
        """One, by symbol in either spelling or by id."""
        asset: Asset | None = self._listing.find(call.names[0])
        if asset is None:
            raise absent(f"asset not found for {call.names[0]}")
        return Answer(200, asset.told())

    def clock(self, _call: Call) -> Answer:
        """Whether the exchange is open."""
        return Answer(200, clock_of(self._desk.session, self._stamps.take()))

    def calendar(self, call: Call) -> Answer:
        """When it will be."""
        today = time_of(self._stamps.take()).date()
        start = call.day("start", today)
        return Answer(200, calendar(start, call.day("end", start + timedelta(days=365))))


def _activity(each: Execution) -> dict[str, Any]:
    return {
        "id": each.activity_id,
        "activity_type": "FILL",
        "transaction_time": zulu(each.moment, 6),
        "type": "fill" if each.order_status == "filled" else "partial_fill",
        "price": text(each.price),
        "qty": text(each.qty),
        "side": "sell_short" if each.opens_short else each.side,
        "symbol": each.symbol,
        "leaves_qty": text(each.leaves_qty),
        "cum_qty": text(each.cum_qty),
        "order_id": each.order_id,
        "order_status": each.order_status,
    }
