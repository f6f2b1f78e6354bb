"""The whole gateway in a world that fails, by seeds: the main proof of G1 to G4.

One seed is one world: a simulated exchange, which is the ledger and the judge, a broker behind
wires that lose, delay, double and garble, a client, people who trade past the gateway, and a
gateway that is killed in the middle of things and started again on the files it left. Everything is
in memory and on one clock, so that a seed runs the same way every time.

* ``python -m tests.simulation SEED --trace`` runs one and tells what happened.
* ``python -m tests.simulation --seeds 100000`` (or ``make simulate SEEDS=100000``) runs many.
* ``--calm`` takes the faults away, ``--deathless`` the deaths, ``--naive`` puts a gateway in its
  place that sends again when no answer came. That one must fail, or the schedules prove nothing.

Where to read:

``schedule``     what a seed means: broker, weather, deaths, what clients and people do
``world``        time, prices, people
``venue``        the exchange with its front office; every order that was ever accepted
``wire``         ``IBroker`` over the venue, with faults of events; ``round_trip`` those of requests
``pipes``        HTTP and WebSocket connections in memory
``life``         a process of the gateway: where it can die, what it leaves behind
``building``     the one place that knows how a ``Gateway`` is made
``client``       a well-behaved client, and what it was answered; ``listener`` its stream
``naive``        the gateway that must fail
``judge``        what must hold, by the ledger
``watch``        exits while everything fails: in place when a fill is told, or told to be missing
``examination``  the same, by what the gateway says over HTTP when all is quiet
``run``          one seed from beginning to end, and many

A seed ends with four quiet minutes: faults and prices stop, and everything must come right by
itself. Then the judge complains, or does not.
"""
