"""What is wrong with the environment, all of it at once: one start is enough to learn it."""

from __future__ import annotations

from collections.abc import Sequence


class ConfigError(Exception):
    """The environment cannot be used; the message holds every problem, one per line.

    Not a :class:`tradegw.errors.GatewayError`: no client ever sees it.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
