"""Where streams of one kind end, and what a test does to those who are connected there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any
from weakref import WeakSet

from autobahn.twisted.websocket import WebSocketServerFactory
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from .script import Script
from .wires import Mood, Wire


class Endpoint(ABC):
    """Where streams of one kind end: who is connected, and what a test does to them.

    ``mood_of_new`` is the mood of connections to come. ``lingers_seconds`` is for how long a place
    stays taken after its connection is gone; ``patience`` how many messages a client may owe. Who
    has not answered a ping for ``pong_seconds`` is dropped, if there is such a rule.
    """

    speaks_binary = False
    patience = 10_000
    ping_seconds = 10.0
    pong_seconds: float | None = None
    wire_class: type[Wire] = Wire

    def __init__(self, clock: IReactorTime) -> None:
        self.clock = clock
        self.wires: list[Wire] = []
        self.script = Script(clock)
        self.mood_of_new = Mood.NORMAL
        self.lingers_seconds = 0.0
        self.logons = 0
        self._lingering = 0
        self._connected: WeakSet[Wire] = WeakSet()
        self._awaiting: list[Deferred[None]] = []
        self.factory = _WireFactory(self)

    # -- what a test does

    def drop(self, *, politely: bool = False) -> None:
        """Close all connections."""
        for wire in tuple(self.wires):
            wire.hang_up(politely=politely)

    def reset(self) -> None:
        """Reset all connections."""
        for wire in tuple(self.wires):
            wire.reset()

    def shut(self) -> None:
        """Let go of everybody, the frozen too."""
        for wire in tuple(self._connected):
            wire.reset()

    def set_mood(self, mood: Mood) -> None:
        """The mood of those who are connected now; the frozen stay so, and give up their place."""
        for wire in tuple(self.wires):
            if mood is Mood.FROZEN:
                wire.freeze()
                self.left(wire)
            else:
                wire.mood = mood

    def say_raw(self, body: bytes, *, binary: bool | None = None) -> None:
        """Send a frame to everybody, whatever it is; binary or text as usual if not said."""
        for wire in self.wires:
            wire.say_raw(body, binary=self.speaks_binary if binary is None else binary)

    def listened(self) -> Deferred[None]:
        """Fires when somebody listens to something, at once if somebody does."""
        if any(map(_listens, self.wires)):
            return succeed(None)
        self._awaiting.append(Deferred())
        return self._awaiting[-1]

    # -- what a stream does

    def listens(self, wire: Wire, wanted: dict[str, set[str]]) -> None:
        """*wire* wants that from now on."""
        wire.wanted = wanted
        if _listens(wire):
            awaiting, self._awaiting = self._awaiting, []
            for waiting in awaiting:
                waiting.callback(None)

    def joined(self, wire: Wire) -> None:
        """Somebody is here."""
        self.wires.append(wire)
        self._connected.add(wire)

    def left(self, wire: Wire) -> None:
        """Somebody is gone."""
        if wire not in self.wires:
            return
        self.wires.remove(wire)
        if self.lingers_seconds:
            self._lingering += 1
            self.clock.callLater(self.lingers_seconds, self._free)

    def _free(self) -> None:
        self._lingering -= 1

    def taken(self) -> int:
        """How many places are taken, also by those who are gone."""
        return len(self.wires) + self._lingering

    @abstractmethod
    def heard(self, wire: Wire, message: Any) -> None:
        """*wire* said something; ``None`` if it cannot be understood."""

    def too_slow(self, wire: Wire) -> None:
        """*wire* does not read what it is told."""
        wire.reset()

    def ping_payload(self) -> bytes | None:
        """What a ping carries."""
        return None


class _WireFactory(WebSocketServerFactory):
    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(reactor=endpoint.clock)
        self._endpoint = endpoint
        self.setProtocolOptions(openHandshakeTimeout=0, closeHandshakeTimeout=0)

    def buildProtocol(self, addr: object) -> Wire:  # noqa: ARG002  Twisted's signature
        wire = self._endpoint.wire_class(self._endpoint)
        wire.factory = self
        return wire


def _listens(wire: Wire) -> bool:
    return any(wire.wanted.values())
