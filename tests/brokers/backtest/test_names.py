"""Names are counted or drawn, and the same in every run."""

from __future__ import annotations

from uuid import UUID

from tradegw.brokers.backtest.names import counted, drawn, fingerprint


def test_counted_names_begin_with_one() -> None:
    name = counted("bt-o")
    assert [name(), name(), name()] == ["bt-o1", "bt-o2", "bt-o3"]


def test_drawn_names_are_random_uuids_to_look_at_and_the_same_for_a_seed() -> None:
    first, again, other = drawn(7), drawn(7), drawn(8)
    names = [first() for _ in range(200)]
    assert names == [again() for _ in range(200)]
    assert len({*names, *(other() for _ in range(200))}) == 400
    for name in names:
        assert str(UUID(name)) == name
        assert UUID(name).version == 4
        assert UUID(name).variant == "specified in RFC 4122"


def test_texts_have_a_fingerprint_of_their_own() -> None:
    assert fingerprint(["a", "b"]) == fingerprint(("a", "b"))
    assert len({fingerprint(texts) for texts in (["a", "b"], ["b", "a"], ["ab"], [])}) == 4
