"""``SUBSCRIPTIONS``: a JSON list of what strategies want to hear (protocol sections 5.7 and 6)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ..model.enums import Platform
from ..model.subscription import ORDER, Subscription
from .environment import Environment

NAME: Final = "SUBSCRIPTIONS"
LONGEST_INSTRUMENT: Final = 50
MOST_EVENTS: Final = 100


def subscriptions(env: Environment, running: Platform | None) -> tuple[Subscription, ...]:
    """The list, checked against the *running* platform; every bad entry is noted by its place."""
    text = env.text(NAME)
    if text is None:
        return ()
    try:
        entries = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        env.problem(f"{NAME} is not JSON: {error}")
        return ()
    if not isinstance(entries, list):
        env.problem(
            f'{NAME} must be a list: [{{"platform": ..., "instrument": ..., "events": [...]}}]'
        )
        return ()
    wanted = [
        entry
        for place, member in enumerate(entries)
        if (entry := _entry(env, f"{NAME}[{place}]", member, running)) is not None
    ]
    _warn(env, wanted)
    return tuple(wanted)


def _entry(
    env: Environment, place: str, member: Any, running: Platform | None
) -> Subscription | None:
    if not isinstance(member, dict):
        env.problem(f"{place} must be an object with platform, instrument and events")
        return None
    platform = _platform(env, place, member.get("platform"), running)
    instrument = _instrument(env, place, member.get("instrument"))
    events = _events(env, place, member.get("events"))
    if platform is None or instrument is None or events is None:
        return None
    return Subscription(platform, instrument, events)


def _platform(
    env: Environment, place: str, value: Any, running: Platform | None
) -> Platform | None:
    try:
        platform = Platform(value)
    except ValueError:
        env.problem(f"{place}.platform must be one of {', '.join(Platform)}, not {_short(value)}")
        return None
    if running is not None and platform is not running:
        env.problem(f"{place}.platform is {platform}, but this gateway runs {running}")
        return None
    return platform


def _short(value: Any) -> str:
    return repr(value)[:60]


def _instrument(env: Environment, place: str, value: Any) -> str | None:
    if isinstance(value, str) and 1 <= len(value) <= LONGEST_INSTRUMENT:
        return value
    env.problem(f"{place}.instrument must be a text of 1 to {LONGEST_INSTRUMENT} characters")
    return None


def _events(env: Environment, place: str, value: Any) -> tuple[str, ...] | None:
    if (
        isinstance(value, list)
        and 1 <= len(value) <= MOST_EVENTS
        and all(isinstance(event, str) for event in value)
    ):
        return tuple(value)
    env.problem(f"{place}.events must be a list of 1 to {MOST_EVENTS} texts")
    return None


def _warn(env: Environment, wanted: list[Subscription]) -> None:
    unknown = sorted({event for entry in wanted for event in entry.unknown_events})
    if unknown:
        env.warn(f"{NAME}: unknown events match nothing: {', '.join(map(repr, unknown))}")
    instruments = dict.fromkeys(entry.instrument for entry in wanted)
    hidden = [
        name for name in instruments if not any(entry.covers(name, ORDER) for entry in wanted)
    ]
    if hidden:
        env.warn(
            f"{NAME} hides the order events of {', '.join(hidden)}: "
            'add "order_update" to their events to see fills'
        )
