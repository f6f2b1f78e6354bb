"""How a gateway is built and buried here; the one place that knows its constructor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradegw.service import Gateway

if TYPE_CHECKING:
    from .life import Life


def build(life: Life) -> Gateway:
    """The gateway of *life*, not yet started."""
    return Gateway(
        life.settings,
        life,
        None,
        life.reactor,
        now=life.world.now,
        seconds=life.reactor.seconds,
    )


def bury(gateway: Any) -> None:
    """Close what *gateway* still has open; it reaches nobody any more."""
    journal = journal_of(gateway)
    if journal is not None:
        journal.drop()


def journal_of(gateway: Any) -> Any:
    """Its journal, to be compared with what was told; ``None`` where there is none."""
    return getattr(gateway, "journal", None)
