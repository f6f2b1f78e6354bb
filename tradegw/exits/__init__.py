"""Stop-loss and take-profit: what protection each fill must have, and the driving towards it.

``plan`` says what is wanted and what is known to rest, ``coverage`` computes the
difference, ``guardian`` is told of changes, ``pursuit`` drives the difference away,
``placement`` sends legs and ``moving`` moves them for a client. Plans live in memory; the
journal will make them durable.
"""
