"""The engine's addresses and how its run is served, from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from ...config.environment import Environment
from ...config.settings import Settings
from ...secrecy import Secret
from ..endpoint import Url
from ..pacing.acks import Pace

_NOWHERE: Final = "http://127.0.0.1"


class TektiiSettings(Struct, frozen=True, kw_only=True):
    """Where the engine is. *stream* has ``/ws`` at its end.

    ``pace``      whose acknowledgements count when several clients are there
    ``wall``      whether messages are stamped with the time of day instead of the simulated one
    ``ends``      whether the process ends with its run
    ``symbols``   what may be asked for a first price, which tells the time
    """

    rest: Url
    stream: Url
    key: Secret | None = None
    pace: Pace = Pace.ANY
    wall: bool = False
    ends: bool = True
    symbols: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    variables: dict[str, str] = {}


def read_settings(environ: Mapping[str, str], settings: Settings) -> TektiiSettings:
    """Read the ``TEKTII_`` variables, and those it shares with the built-in backtest; raises
    ``ConfigError`` with everything that is wrong.
    """
    read = Environment(environ)
    rest = _url(read, "TEKTII_ENGINE_URL", ("http", "https"))
    stream = _url(read, "TEKTII_ENGINE_WS_URL", ("ws", "wss"))
    key = read.secret("TEKTII_API_KEY")
    if key is not None and not (key.reveal().isascii() and key.reveal().isprintable()):
        read.problem("TEKTII_API_KEY must be printable ASCII: no header can carry another")
    exposed = [url for url in (rest, stream) if not (url.is_secure or url.is_loopback)]
    if key is not None and exposed:
        read.warn(f"TEKTII_API_KEY is sent to {exposed[0].host} without TLS")
    mine = (s for s in settings.subscriptions if s.platform is settings.platform)
    symbols = tuple(dict.fromkeys(s.instrument for s in mine if s.instrument != "*"))
    if settings.subscriptions and not symbols:
        read.warn("SUBSCRIPTIONS names nothing of tektii; the engine has a list of its own")
    found = TektiiSettings(
        rest=rest,
        stream=Url(stream.scheme, stream.host, stream.port, f"{stream.path}/ws"),
        key=key,
        pace=Pace(read.choice("BACKTEST_PACE", Pace.ANY.value, [each.value for each in Pace])),
        wall=read.choice("BACKTEST_TIMESTAMPS", "sim", ("sim", "wall")) == "wall",
        ends=read.choice("BACKTEST_EXIT", "auto", ("auto", "never")) == "auto",
        symbols=symbols,
        warnings=tuple(read.warnings),
        variables=read.shown,
    )
    read.check()
    return found


def _url(read: Environment, name: str, schemes: tuple[str, str]) -> Url:
    """An address whose scheme is one of *schemes*."""
    text = read.text(name)
    if text is None:
        read.problem(f"{name} is not set")
        return Url.parse(_NOWHERE)
    try:
        url = Url.parse(text, plain=True)  # an engine may be next door, and no money is at stake
    except ValueError as error:
        read.problem(f"{name} {error}")
        return Url.parse(_NOWHERE)
    if url.scheme not in schemes:
        read.problem(f"{name} must begin with {'://, '.join(schemes)}://")
    return url
