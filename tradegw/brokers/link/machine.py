"""State machines written as tables: for each state and each input, where it leads and what is done.

A table must be total: an input without a row would raise in the middle of a ``connectionLost``.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from automat import TypeMachineBuilder

I = TypeVar("I")  # noqa: E741  (the inputs)
C = TypeVar("C")
S = TypeVar("S", bound=enum.StrEnum)

Act: TypeAlias = Callable[..., None]
Table: TypeAlias = Mapping[S, Mapping[str, tuple[S, Act]]]
"""By state and by name of input: the next state, and a method of the core, which gets what the
input was given.
"""


def stay(state: S, *names: str) -> dict[str, tuple[S, Act]]:
    """Rows for inputs of *names* that mean nothing in *state*."""
    return dict.fromkeys(names, (state, ignore))


def ignore(_core: object, *_given: object) -> None:
    """Nothing is done."""


def machine(inputs: type[I], core: type[C], table: Table[S]) -> Callable[[C], I]:
    """Builds machines of *table*, whose first state is the initial one.

    What is fed to one while it acts waits until it has acted. The core's ``state`` is set before
    its method is called.
    """
    builder = TypeMachineBuilder(inputs, core)
    states = {state: builder.state(state.value) for state in table}
    for state, rows in table.items():
        for name, (then, act) in rows.items():
            method: Any = getattr(inputs, name)
            moves: Any = states[state].upon(method).to(states[then])
            moves(_output(then, act))
    return builder.build()


def _output(then: enum.StrEnum, act: Act) -> Callable[..., None]:
    def output(_machine: object, core: Any, *given: object) -> None:
        core.state = then
        act(core, *given)

    return output
