"""Whatever the engine says, the run goes on and every id that can be found is acknowledged."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brokers.tektii.stand import SYMBOL, Stand, flat
from tradegw.testing.tektii import Raw

ORDER = {
    "id": "o-1",
    "symbol": SYMBOL,
    "side": "buy",
    "order_type": "limit",
    "quantity": "10",
    "filled_quantity": "4",
    "price": "1.08",
    "status": "open",
    "created_at": 1704067200000,
}
FRAMES: list[dict[str, Any]] = [
    {"type": "candle", **flat(1)[0].told()},
    {"type": "order", "event": "partial_fill", "order": ORDER},
    {
        "type": "position",
        "position": {
            "id": "pos-1",
            "symbol": SYMBOL,
            "side": "long",
            "quantity": "10",
            "avg_entry_price": "1",
            "current_price": "1",
            "unrealized_pnl": "0",
        },
    },
]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["NaN", "Infinity", "1e999", "-1", "buy", "filled", "1m"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A frame of which something is otherwise, or missing, or cut off."""
    frame = msgspec.json.decode(msgspec.json.encode(draw(st.sampled_from(FRAMES))))
    inner = [frame, *(value for value in frame.values() if isinstance(value, dict))]
    where = draw(st.sampled_from(inner))
    name = draw(st.sampled_from(sorted(where)))
    if draw(st.booleans()):
        where[name] = draw(ODD)
    else:
        del where[name]
    frame |= {"event_id": "evt-x", "last": "what is cut off"}
    text = msgspec.json.encode(frame)
    return text[: draw(st.integers(len(text) - 3, len(text)))]


@settings(deadline=None, max_examples=60)
@given(spoilt())
def test_a_spoilt_frame_is_told_or_acknowledged_and_the_next_is_heard(frame: bytes) -> None:
    stand = Stand([Raw(frame, "evt-x"), *flat(1)])
    stand.start()
    stand.crowd.join(echo=True)
    stand.wait(1)
    assert stand.acks[0] == ("evt-x",)
    assert stand.ids[-2:] == ["evt-0", "evt-1"]
    assert stand.fake.run.state == "completed"
    stand.stop()
