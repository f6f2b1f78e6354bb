"""Stop-loss and take-profit: what protection each fill must have, and the driving towards it.

:mod:`.plan` says what is wanted and what is known to rest, :mod:`.coverage` computes the
difference, :mod:`.guardian` is told of changes, :mod:`.pursuit` drives the difference away,
:mod:`.placement` sends legs and :mod:`.moving` moves them for a client. Plans live in memory; the
journal will make them durable.
"""
