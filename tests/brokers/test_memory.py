"""What a broker must not forget while the gateway is down."""

from __future__ import annotations

from typing import Any

import pytest
from zope.interface.verify import verifyObject

from tests.brokers.peer import NOON
from tests.test_order_journey import Journey
from tradegw.brokers.memory import Memory
from tradegw.errors import JournalUnavailable
from tradegw.interfaces import IMemory
from tradegw.model.journal import Setting
from tradegw.testing.broker import ScriptedBroker
from tradegw.testing.journal import MemoryJournal


def remembering(journal: MemoryJournal) -> Memory:
    memory = Memory(lambda: NOON)
    memory.keep_in(journal)
    return memory


def test_it_keeps_its_promises_by_name() -> None:
    assert verifyObject(IMemory, Memory(lambda: NOON))


def test_what_is_remembered_is_recalled_by_the_next_process() -> None:
    journal = MemoryJournal()
    memory = remembering(journal)
    assert memory.recall("limits") is None
    memory.remember("limits", b"{}")
    memory.remember("limits", b'{"a":1}')
    memory.remember("other", b"[]")
    assert memory.recall("limits") == b'{"a":1}'
    again = remembering(journal.reopened())
    assert again.recall("limits") == b'{"a":1}'
    assert again.recall("other") == b"[]"


def test_other_settings_of_the_journal_are_not_mixed_up_with_it() -> None:
    journal = MemoryJournal()
    journal.keep(Setting(name="trading_state", at=NOON, value=b"HALTED"))
    memory = remembering(journal)
    assert memory.recall("trading_state") is None
    memory.remember("trading_state", b"x")
    found = journal.setting("trading_state")
    assert found is not None
    assert found.value == b"HALTED"


def test_while_the_journal_fails_it_lasts_as_long_as_the_process_and_is_written_later() -> None:
    journal = MemoryJournal()
    memory = remembering(journal)
    journal.fail("disk full")
    memory.remember("limits", b"{}")
    assert memory.recall("limits") == b"{}"
    assert remembering(journal.reopened()).recall("limits") is None
    journal.recover()
    assert remembering(journal.reopened()).recall("limits") == b"{}"


def test_before_there_is_a_journal_it_is_kept_and_then_written() -> None:
    memory, journal = Memory(lambda: NOON), MemoryJournal()
    memory.remember("limits", b"{}")
    assert memory.recall("limits") == b"{}"
    memory.keep_in(journal)
    assert remembering(journal.reopened()).recall("limits") == b"{}"


def test_what_is_known_already_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = MemoryJournal()
    remembering(journal).remember("limits", b"{}")
    again = journal.reopened()
    memory = remembering(again)
    written: list[object] = []
    monkeypatch.setattr(again, "keep", lambda *entries: written.append(entries))
    memory.remember("limits", b"{}")
    assert not written
    memory.remember("limits", b"[]")
    assert len(written) == 1


class Remembering(Journey):
    """A gateway whose broker remembers something as soon as it is built."""

    def build(self, own: Any, parts: Any) -> ScriptedBroker:
        self.parts = parts
        parts.memory.remember("early", b"{}")
        return super().build(own, parts)


def test_the_gateway_keeps_in_its_journal_what_its_broker_remembers() -> None:
    journey = Remembering()
    journey.parts.memory.remember("late", b"[]")
    journal: Any = journey.gateway._journal
    again = remembering(journal.reopened())
    assert (again.recall("early"), again.recall("late")) == (b"{}", b"[]")
    journey.gateway.stopService()
    journey.reactor.pump([1] * 30)


def test_a_journal_that_cannot_be_read_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal = MemoryJournal()
    memory = remembering(journal)

    def unreadable(_name: str) -> None:
        raise JournalUnavailable("unreadable")

    monkeypatch.setattr(journal, "setting", unreadable)
    assert memory.recall("limits") is None
    memory.remember("limits", b"{}")
    assert memory.recall("limits") == b"{}"
