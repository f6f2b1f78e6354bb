"""Brokers, one folder each; only the chosen one is imported.

:mod:`tradegw.brokers.registry` finds it.

Files of the same name do the same in every folder: ``plugin`` is what the entry point leads to,
``config`` reads the broker's own settings, ``broker`` keeps the promises of
:class:`tradegw.interfaces.IBroker`. No broker imports another. How one is added stands in
``docs/adding-a-broker.md``.

What all of them can use::

    session       all streams of a broker as one logon
    stream        one connection that comes back: its states (turns), what it does in them (course),
                  how long it waits (backoff), and how it is renewed (succession)
    attempt       one connection of a stream
    conversation  the two faces of a connection: the wire, and the broker's protocol
    websocket     the wire that most brokers speak (frames, upgrade)
    liveness      evidence that a stream does not tell all: account_watch (echoes, ladder, silence)
                  and price_watch (quiet, silence); attention is the time they count
    machine       state machines from tables
    http          calls (call, connections), with a budget of limits (ratelimit, allowance)
    endpoint      addresses, and how connections to them are made
    clock         the broker's time
    memory        what must not be forgotten while the gateway is down
"""
