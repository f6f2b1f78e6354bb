"""How a gateway is built and buried here; the one place that knows its constructor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradegw.journal.durable import Journal
from tradegw.journal.opening import Options, open_journal
from tradegw.service import Gateway

if TYPE_CHECKING:
    from .life import Life


def build(life: Life) -> Gateway:
    """The gateway of *life*, not yet started; its journal is on a real file."""

    def opened(account_name: str) -> Journal:
        journal = life.journal = open_journal(
            life.settings.state_dir,
            account_name,
            life.reactor,
            life.world.now,
            life.commit,
            Options(fsync=False),
        )
        return journal

    return Gateway(
        life.settings,
        life,
        None,
        life.reactor,
        now=life.world.now,
        seconds=life.reactor.seconds,
        open_journal=opened,
    )


def bury(life: Life) -> None:
    """Close what the gateway of *life* still has open; it reaches nobody any more."""
    journal: Any = life.journal
    if journal is not None:
        journal.drop()
