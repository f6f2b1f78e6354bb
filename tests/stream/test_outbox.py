"""What waits for a slow client is bounded, and leaves in the order in which it came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradegw.stream.outbox import MAX_BYTES, MAX_MESSAGES, Outbox


def test_it_is_full_at_1024_messages() -> None:
    box = Outbox()
    assert all(box.add(b"x", 1) for _ in range(MAX_MESSAGES))
    assert not box.add(b"x", 1)
    assert box.messages == MAX_MESSAGES == 1024


def test_it_is_full_at_eight_megabytes() -> None:
    box = Outbox()
    assert box.add(b"x" * MAX_BYTES, 1)
    assert not box.add(b"x", 1)
    assert (box.messages, box.size) == (1, MAX_BYTES)


def test_a_batch_that_does_not_fit_is_not_kept_in_part() -> None:
    box = Outbox(max_messages=10)
    assert box.add(b"12345678", 8)
    assert not box.add(b"abc", 3)
    assert box.add(b"ab", 2)
    assert box.take(100) == b"12345678ab"


def test_taking_makes_room() -> None:
    box = Outbox(max_messages=2, max_bytes=10)
    assert box.add(b"abcde", 2)
    assert not box.add(b"f", 1)
    assert box.take(1) == b"abcde"
    assert not box
    assert box.add(b"0123456789", 2)


def test_at_least_one_batch_is_taken_however_large() -> None:
    box = Outbox()
    box.add(b"x" * 1000, 1)
    box.add(b"y", 1)
    assert box.take(10) == b"x" * 1000
    assert box.take(10) == b"y"
    assert box.take(10) == b""


def test_clearing_forgets_everything() -> None:
    box = Outbox()
    box.add(b"x", 1)
    box.clear()
    assert not box
    assert (box.messages, box.size) == (0, 0)


STEPS = st.lists(
    st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 3)) | st.integers(0, 30),
    max_size=60,
)


@given(steps=STEPS)
def test_bytes_come_out_as_they_went_in_and_the_account_is_exact(
    steps: list[tuple[bytes, int] | int],
) -> None:
    box = Outbox(max_messages=20, max_bytes=60)
    kept, taken = b"", b""
    for step in steps:
        if isinstance(step, int):
            some = box.take(step)
            assert bool(some) == (len(taken) < len(kept))
            taken += some
        elif box.add(*step):
            kept += step[0]
        assert kept.startswith(taken)
        assert box.size == len(kept) - len(taken) <= 60
        assert 0 <= box.messages <= 20
        assert bool(box) == (box.size > 0)
    while box:
        taken += box.take(7)
    assert taken == kept
    assert box.messages == 0
