"""The stream: numbers without gaps, and the same as written down (G3)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any


def the_stream_is_whole(listener: Any, *, disk_failed: bool = False) -> Iterator[str]:
    """Joined over all connections, the numbers grow by one."""
    numbers = [message["seq"] for message in listener.told]
    for before, after in pairwise(numbers):
        if after <= before or (after != before + 1 and not disk_failed):
            yield f"the stream jumps from {before} to {after}"
    epochs = {message.get("epoch") for message in listener.told}
    if len(epochs) > 1:
        yield f"the stream has {len(epochs)} epochs"
    for refusal in listener.refusals:
        yield f"the stream was refused: {refusal}"
    if disk_failed:  # what could not be written down was told without a number
        return
    for message in listener.others:
        if message["type"] in ("order", "trade", "position", "account", "financing", "error"):
            yield f"a {message['type']} message has no number"


def the_stream_is_the_journal(
    listener: Any, journal: Any, *, disk_failed: bool = False
) -> Iterator[str]:
    """What was heard is, byte for byte, what is written down; and all that is was heard."""
    numbers = [message["seq"] for message in listener.told]
    if journal is None or not numbers:
        return
    written: dict[int, bytes] = {}
    while page := journal.events(max(written, default=numbers[0] - 1), 500):
        written.update(page)
    for number, text in zip(numbers, listener.texts, strict=True):
        if text != bytes(written.get(number, b"")):
            yield f"message {number} differs from the journal's"
    if max(written, default=0) != numbers[-1] and not disk_failed:
        yield f"the journal ends at {max(written, default=0)}, the stream at {numbers[-1]}"
