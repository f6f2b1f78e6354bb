"""Brokers are found by entry point, and only the chosen one is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final, Protocol

from msgspec import Struct
from twisted.internet.interfaces import IReactorTime

from ..config.settings import Settings
from ..interfaces import IBroker, IBrokerListener, IMemory, WallClock
from .endpoint import Dial

GROUP: Final = "tradegw.brokers"


class BrokerParts(Struct, frozen=True, kw_only=True):
    """What a broker is given to work with. *seconds* tells monotonic time, *random* is at least 0
    and below 1.
    """

    settings: Settings
    listener: IBrokerListener
    clock: IReactorTime
    now: WallClock
    seconds: Callable[[], float]
    random: Callable[[], float]
    dial: Dial
    memory: IMemory


class BrokerPlugin(Protocol):
    """What an entry point of group ``tradegw.brokers`` leads to."""

    def configure(self, environ: Mapping[str, str], settings: Settings) -> Any:
        """The broker's own frozen settings; raises ``ConfigError`` naming the variable.

        Its ``repr`` shows no secret. Members ``variables``, values by name of variable, and
        ``warnings``, texts, are shown by ``--check-config``.
        """

    def build(self, own: Any, parts: BrokerParts) -> IBroker:
        """The broker, not yet started, from what :meth:`configure` returned."""


def find(provider: str) -> BrokerPlugin | None:
    """The plugin of *provider*, or ``None`` if this installation has none."""
    for entry in entry_points(group=GROUP, name=provider):
        plugin: BrokerPlugin = entry.load()
        return plugin
    return None
