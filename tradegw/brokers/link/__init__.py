"""The link to a broker: connections that come back, and evidence that they tell all.

::

    session       all streams of a broker as one logon
    stream        one connection that comes back: its states (turns), what it does in them (course),
                  how long it waits (backoff), and how it is renewed (succession)
    attempt       one connection of a stream
    conversation  the two faces of a connection: the wire, and the broker's protocol
    websocket     the wire that most brokers speak (frames, upgrade)
    liveness      evidence that a stream does not tell all: account_watch (echoes, ladder, silence)
                  and price_watch (quiet, silence); attention says whether we listened ourselves
    machine       state machines from tables
"""
