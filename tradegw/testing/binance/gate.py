"""What every call passes before its work is done: limits, key, time, signature."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from .calls import Call, Route, Routes, Security
from .keys import ApiKey, Keys
from .refusals import Refused, bad, illegal, missing
from .stamps import Stamps

_USUAL_WINDOW: Final = Decimal(5000)
_WIDEST: Final = Decimal(60_000)
_AHEAD: Final = 1000
_MICROSECONDS: Final = 10**15
_WINDOW: Final = re.compile(r"^[0-9]{1,5}(\.[0-9]{1,3})?$")


class Gate:
    """Lets calls through to who answers them."""

    def __init__(self, routes: Routes, keys: Keys, stamps: Stamps) -> None:
        self.routes = routes
        self._keys = keys
        self._stamps = stamps

    def pass_on(self, call: Call, logged_on: ApiKey | None = None) -> Any:
        """The answer to *call*, as JSON; raises a refusal.

        Of who is *logged_on* neither key nor signature is wanted.
        """
        route = self.routes.find(call.verb, call.path)
        if route is None:
            raise Refused(404, -1099, "Not found, unauthenticated, or unauthorized")
        weight = route.cost(call)
        route.pool.spend(weight)
        if route.security is not Security.NONE:
            self.check(call, route, logged_on)
        answer = route.answering(call)
        if route.is_order:
            route.pool.give_back(weight)
        return answer

    def check(self, call: Call, route: Route, logged_on: ApiKey | None = None) -> ApiKey:
        """Who makes *call*; raises a refusal."""
        key = self.known(call.key) if call.key is not None or logged_on is None else logged_on
        if route.security is Security.SIGNED:
            if route.is_order and not key.may_trade:
                raise _no_permission()
            signature = call.text("signature")
            if signature is None and logged_on is None:
                raise missing("signature")
            self.check_time(call)
            if signature is not None and not key.signed(call.payload, signature):
                raise bad(-1022, "Signature for this request is not valid.")
        return key

    def known(self, name: str | None) -> ApiKey:
        """The key of that *name*; raises a refusal."""
        if name is None or not re.fullmatch(r"[A-Za-z0-9]{8,128}", name):
            raise Refused(401, -2014, "API-key format invalid.")
        found = self._keys.find(name)
        if found is None:
            raise _no_permission()
        return found

    def check_time(self, call: Call) -> None:
        """Whether *call* is of now; raises a refusal."""
        text = call.need("timestamp")
        if not text.isdecimal():
            raise illegal("timestamp", "^[0-9]{1,20}$")
        at = Decimal(text)
        if at > _MICROSECONDS:
            at /= 1000
        now, window = self._stamps.ms(), _window(call)
        if at >= now + _AHEAD:
            raise bad(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        if now - at > window:
            raise bad(-1021, "Timestamp for this request is outside of the recvWindow.")


def _window(call: Call) -> Decimal:
    text = call.text("recvWindow")
    if text is None:
        return _USUAL_WINDOW
    if not _WINDOW.fullmatch(text):
        raise illegal("recvWindow", _WINDOW.pattern)
    try:
        window = Decimal(text)
    except InvalidOperation:
        raise illegal("recvWindow", _WINDOW.pattern) from None
    if window > _WIDEST:
        raise bad(-1131, "recvWindow must be less than 60000.")
    return window


def _no_permission() -> Refused:
    return Refused(401, -2015, "Invalid API-key, IP, or permissions for action.")
