"""What a query string asks for, or that it is refused."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradegw.errors import InvalidRequest
from tradegw.retelling import MAX_SEQ
from tradegw.stream.wish import Wish, wish_in


@given(since=st.integers(0, MAX_SEQ), epoch=st.none() | st.text())
def test_a_place_in_the_log_arrives_as_it_was_asked_for(since: int, epoch: str | None) -> None:
    query = f"since={since}" if epoch is None else f"epoch={quote(epoch)}&since={since}"
    assert wish_in(query.encode()) == Wish(since, epoch)


@pytest.mark.parametrize("query", [b"", b"&", b"=", b"=5", b"a=since", b"SINCE=5", b"since%3D5"])
def test_other_names_are_no_wish(query: bytes) -> None:
    assert wish_in(query) is None


@given(query=st.binary(max_size=60) | st.builds(lambda b: b"since=" + b, st.binary(max_size=20)))
def test_whatever_is_asked_is_understood_or_refused(query: bytes) -> None:
    try:
        wish = wish_in(query)
    except InvalidRequest:
        return
    assert wish is None or 0 <= wish.since <= MAX_SEQ
