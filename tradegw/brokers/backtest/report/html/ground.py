"""What the result rests on, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from . import words
from .markup import Markup, tag

Found: TypeAlias = "dict[str, Any]"


def alarms(document: Found) -> Markup | None:
    """What must be read before any number; ``None`` if there is nothing."""
    said: list[str] = []
    status = document["status"]
    if status == "running":
        said.append("The run is not over: these are the figures so far.")
    elif status != "completed":
        said.append(f"The run did not complete, it was {status}: the figures end where it did.")
    if document["honesty"]["fill_current"]:
        said.append(
            "Market orders were filled at prices that the strategy had seen already"
            " (BACKTEST_FILL=current): better than can be had."
        )
    if not document["reproducible"]:
        said.append("The run cannot be reproduced exactly: its pace was not the data's alone.")
    if Decimal(document["reconciliation"]["difference"]):
        said.append(_difference(document))
    if not said:
        return None
    return tag("div", *(tag("p", each) for each in said), class_="alarm", role="note")


def _difference(document: Found) -> str:
    difference = document["reconciliation"]["difference"]
    return (
        f"Round trips and open positions differ by {words.money(difference)}"
        f" {document['account']['currency']} from the change of equity: rates of exchange moved"
        " while positions in another currency were open."
    )


def ground(document: Found) -> Markup:
    """The honesty block."""
    facts = _listed(list(_sentences(document)))
    absent = _listed(document["honesty"]["not_modelled"])
    warnings = [*document["honesty"]["data_warnings"], *document["honesty"]["warnings"]]
    return tag(
        "div",
        tag("div", tag("h3", "How the fills came about"), facts, class_="card"),
        tag("div", tag("h3", "Not simulated"), absent, class_="card"),
        tag("div", tag("h3", "Warnings"), _listed(warnings), class_="card") if warnings else None,
        class_="columns",
    )


def _listed(some: list[str]) -> Markup:
    return tag("ul", *(tag("li", each) for each in some))


def _sentences(document: Found) -> Iterator[str]:
    found, currency = document["honesty"], document["account"]["currency"]
    fills = found["fills"]
    yield f"{words.count(fills, 'fill')}, {found['fills_at_open']:,} of them at the open of a bar."
    yield _ambiguous(found, currency)
    touched = found["touch_only_limit_fills"]
    if touched:
        yield (
            f"{words.count(touched, 'limit order was', 'limit orders were')} filled although the"
            " price only touched the limit: a real queue might not have reached them."
        )
    else:
        yield "No limit order was filled by a mere touch."
    if found["liquidations"]:
        yield f"{words.count(found['liquidations'], 'fill')} came of margin calls."
    if found["rejected"]:
        number = words.count(found["rejected"], "order")
        yield f"{number} rejected at the fill: {_by(found['rejected_reasons'])}."
    if found["refused"]:
        number = words.count(found["refused"], "order")
        yield f"{number} refused when sent: {_by(found['refused_reasons'])}."
    yield from _left_over(found)


def _ambiguous(found: Found, currency: str) -> str:
    ambiguous, bars = found["ambiguous_bars"], found["bars"]
    if not ambiguous:
        return f"In none of {words.count(bars, 'bar')} did the order of high and low matter."
    return (
        f"In {ambiguous:,} of {words.count(bars, 'bar')} the order of high and low decided"
        f" what was filled; {words.money(found['ambiguous_at_stake'])} {currency} lay between the"
        " two ways."
    )


def _left_over(found: Found) -> Iterator[str]:
    never = len(found["unfilled_at_end"])
    if never:
        yield f"{words.count(never, 'order')} came after the last open and could not fill."
    if found["resting_at_end"]:
        yield f"{words.count(found['resting_at_end'], 'order')} still at work at the end."
    if found["open_at_end"]:
        yield (
            f"{words.count(found['open_at_end'], 'position')} still open at the end, valued at"
            " the last price; not a round trip."
        )
    if found["interruptions"]:
        times = words.count(found["interruptions"], "time")
        yield f"The run stood still {times} without a strategy."


def _by(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {reason}" for reason, number in reasons.items())
