"""The WebSocket API: the calls of REST as methods, and the private stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

import msgspec
from twisted.internet.interfaces import IReactorTime

from ..doubles.faults import Faults, Way
from ..doubles.wires import Wire
from .calls import Call, Route, Security
from .gate import Gate
from .keys import ApiKey
from .limits import Pool
from .refusals import Refused, bad, missing
from .stamps import Stamps
from .wires import Endpoint

_STREAM: Final = "userDataStream."
RETIRED: Final = ("userDataStream.start", "userDataStream.ping", "userDataStream.stop")
Redeem: TypeAlias = Callable[[str], int]
"""Says until when a listen token is good; raises a refusal."""


@dataclass(slots=True)
class Session:
    """What is known of a connection. ``subscriptions`` says what each is to."""

    since: int
    key: ApiKey | None = None
    authorized: int | None = None
    subscriptions: dict[int, str] = field(default_factory=dict)
    count: int = 0


class WsApi(Endpoint):
    """One API. *methods* are the calls they stand for.

    ``faults`` are those of HTTP, too: plan them for the verb ``WS`` and a method.
    """

    def __init__(
        self,
        clock: IReactorTime,
        gate: Gate,
        stamps: Stamps,
        pool: Pool,
        methods: Mapping[str, tuple[str, str]],
    ) -> None:
        super().__init__(clock)
        self.faults = Faults()
        self.redeem: Redeem | None = None
        self._gate = gate
        self._stamps = stamps
        self._pool = pool
        self._methods = methods
        self._sessions: WeakKeyDictionary[Wire, Session] = WeakKeyDictionary()

    def joined(self, wire: Wire) -> None:
        super().joined(wire)
        self._sessions[wire] = Session(self._stamps.ms())

    # -- requests

    def heard(self, wire: Wire, message: Any) -> None:
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            self._refuse(wire, None, bad(-1135, "JSON Request is invalid."))
            return
        asked, method = message.get("id"), message["method"]
        fault = self.faults.next_for("WS", method)
        if fault is None:
            wire.say(self._answer(wire, asked, method, message.get("params")))
            return
        true = self._answer(wire, asked, method, message.get("params")) if fault.accepted else None
        if fault.answer is not None:
            body = fault.answer.body
            error = body if isinstance(body, dict) else {"code": -1000, "msg": "Unknown error."}
            true = {"id": asked, "status": fault.answer.status, "error": error}
        self.clock.callLater(fault.seconds, self._fail, wire, fault.way, true)

    def _fail(self, wire: Wire, way: Way, answer: Any) -> None:
        if way is Way.ANSWER:
            wire.say(answer)
        elif way is Way.TRUNCATE:
            body = msgspec.json.encode(answer)
            wire.say_raw(body[: len(body) // 2], binary=False)
        elif way is Way.CLOSE:
            wire.hang_up(politely=False)
        elif way is Way.RESET:
            wire.reset()

    def _answer(self, wire: Wire, asked: Any, method: str, params: Any) -> dict[str, Any]:
        try:
            if params is not None and not isinstance(params, dict):
                raise bad(-1135, "JSON Request is invalid.")
            result = self._do(wire, method, params or {})
        except Refused as refused:
            return self._refusal(wire, asked, refused)
        return {"id": asked, "status": 200, "result": result, **self._limits(wire)}

    def _refusal(self, wire: Wire, asked: Any, refused: Refused) -> dict[str, Any]:
        error = refused.body
        if refused.retry_after is not None:
            after = self._stamps.ms() + refused.retry_after * 1000
            error["data"] = {"serverTime": self._stamps.ms(), "retryAfter": after}
        return {"id": asked, "status": refused.status, "error": error, **self._limits(wire)}

    def _refuse(self, wire: Wire, asked: Any, refused: Refused) -> None:
        wire.say(self._refusal(wire, asked, refused))

    def _limits(self, wire: Wire) -> dict[str, Any]:
        if wire.query.get("returnRateLimits") == "false":
            return {}
        self._pool.roll()
        buckets = [each for each in self._pool.weights if each.kind == "REQUEST_WEIGHT"]
        return {"rateLimits": [bucket.told() for bucket in buckets]}

    def _do(self, wire: Wire, method: str, params: dict[str, Any]) -> Any:
        call = _call(method, params)
        own = {
            "session.logon": self._log_on,
            "session.logout": self._log_out,
            "session.status": lambda wire, _call: self._status(wire),
            "session.subscriptions": self._subscriptions,
            f"{_STREAM}subscribe": self._subscribe,
            f"{_STREAM}subscribe.signature": self._subscribe_signed,
            f"{_STREAM}subscribe.listenToken": self._subscribe_token,
            f"{_STREAM}unsubscribe": self._unsubscribe,
        }.get(method)
        if own is not None:
            self._pool.spend(2)
            return own(wire, call)
        if method in RETIRED and method not in self._methods:
            raise Refused(410, -1020, "This method is no longer supported.")
        if method not in self._methods:
            raise bad(-1135, "JSON Request is invalid.")
        call.verb, call.path = self._methods[method]
        return self._gate.pass_on(call, self._logged_on(wire))

    def _logged_on(self, wire: Wire) -> ApiKey | None:
        session = self._sessions[wire]
        if session.key is not None and session.key.is_revoked:
            session.key = session.authorized = None
            raise Refused(401, -2015, "Invalid API-key, IP, or permissions for action.")
        return session.key

    # -- sessions

    def _signed(self, call: Call) -> ApiKey:
        route = Route(answering=lambda _call: None, pool=self._pool, security=Security.SIGNED)
        if call.key is None:
            raise missing("apiKey")
        return self._gate.check(call, route)

    def _log_on(self, wire: Wire, call: Call) -> Any:
        key = self._signed(call)
        if key.kind != "ED25519":
            raise bad(-4056, f"{key.kind} API key is not supported.")
        session = self._sessions[wire]
        session.key, session.authorized = key, self._stamps.ms()
        return self._status(wire)

    def _log_out(self, wire: Wire, _call: Call) -> Any:
        session = self._sessions[wire]
        for number in [each for each, to in session.subscriptions.items() if to == "logon"]:
            self._terminate(wire, number)
        session.key = session.authorized = None
        return self._status(wire)

    def _status(self, wire: Wire) -> Any:
        session = self._sessions[wire]
        return {
            "apiKey": session.key.name if session.key is not None else None,
            "authorizedSince": session.authorized,
            "connectedSince": session.since,
            "returnRateLimits": wire.query.get("returnRateLimits") != "false",
            "serverTime": self._stamps.ms(),
            "userDataStream": bool(session.subscriptions),
        }

    # -- the private stream

    def _subscriptions(self, wire: Wire, _call: Call) -> Any:
        return [{"subscriptionId": each} for each in self._sessions[wire].subscriptions]

    def _subscribe(self, wire: Wire, _call: Call) -> Any:
        if self._logged_on(wire) is None:
            raise bad(-2015, "Invalid API-key, IP, or permissions for action.")
        return self._add(wire, "logon")

    def _subscribe_signed(self, wire: Wire, call: Call) -> Any:
        self._signed(call)
        return self._add(wire, "signature")

    def _subscribe_token(self, wire: Wire, call: Call) -> Any:
        if self.redeem is None:
            raise bad(-1135, "JSON Request is invalid.")
        until = self.redeem(call.need("listenToken"))
        added = self._add(wire, "token")
        left = (until - self._stamps.ms()) / 1000
        self.clock.callLater(max(0.0, left), self._terminate, wire, added["subscriptionId"])
        return {**added, "expirationTime": until}

    def _add(self, wire: Wire, to: str) -> dict[str, int]:
        session = self._sessions[wire]
        if to != "token" and any(each != "token" for each in session.subscriptions.values()):
            raise bad(-2035, "The user data stream subscription is already active.")
        number = session.count
        session.count += 1
        session.subscriptions[number] = to
        self.listens(wire, {"events": set(session.subscriptions.values())})
        return {"subscriptionId": number}

    def _unsubscribe(self, wire: Wire, call: Call) -> Any:
        session, number = self._sessions[wire], call.whole("subscriptionId")
        if number is not None and number not in session.subscriptions:
            raise bad(-2036, "The user data stream subscription is not active.")
        for each in tuple(session.subscriptions) if number is None else (number,):
            self._terminate(wire, each)
        return {}

    def _terminate(self, wire: Wire, number: int) -> None:
        """A subscription is over."""
        session = self._sessions.get(wire)
        if session is None or session.subscriptions.pop(number, None) is None:
            return
        event = {"e": "eventStreamTerminated", "E": self._stamps.ms()}
        wire.say({"subscriptionId": number, "event": event}, event=True)
        self.listens(wire, {"events": set(session.subscriptions.values())})

    def terminate(self) -> None:
        """End every subscription; the connections stay."""
        for wire in tuple(self.wires):
            for number in tuple(self._sessions[wire].subscriptions):
                self._terminate(wire, number)

    def tell(self, event: dict[str, Any], *, of_token: bool = False) -> None:
        """Tell an event to who is subscribed, as the script has it.

        Its lines are of kinds: the ``x`` of an order's events, the ``e`` of others.
        """
        kind = str(event.get("x", event.get("e")))
        self.script.play(kind, event, lambda each: self.send(each, of_token=of_token))

    def send(self, event: dict[str, Any], *, of_token: bool = False) -> None:
        """Send *event* to who is subscribed, past the script."""
        for wire in tuple(self.wires):
            for number, to in self._sessions[wire].subscriptions.items():
                if (to == "token") == of_token:
                    wire.say({"subscriptionId": number, "event": event}, event=True)

    def announce_shutdown(self) -> None:
        """``serverShutdown``, to everybody."""
        self.end_stream({"event": {"e": "serverShutdown", "E": self._stamps.ms()}})


def _call(method: str, params: dict[str, Any]) -> Call:
    """A call of *params*, whose payload is as the WebSocket API signs it."""
    texts = {name: _text(value) for name, value in params.items() if value is not None}
    payload = "&".join(f"{name}={texts[name]}" for name in sorted(texts) if name != "signature")
    return Call(
        verb="WS", path=method, params=texts, payload=payload.encode(), key=texts.get("apiKey")
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
