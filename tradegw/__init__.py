"""tradegw: one REST and WebSocket trading API in front of many brokers.

The map of the package, in the order in which things depend on each other:

``errors``       everything that can go wrong, as one tree of exceptions
``model``        the values that travel: orders, positions, quotes, events; no networks
``interfaces``   the seams: what a broker, a journal, the exits, a clock and a listener promise
``risk``         what may refuse: breakers, the trading state
``market``       prices on their way in: bars, staleness
``journal``      what must survive, on disk, before it has consequences
``simulator``    a deterministic exchange; the mock broker and the backtest trade on it
``orders``       the one way an order leaves, and the way its events come back
``exits``        stop-loss and take-profit: what protection a fill must have, and the driving of it
``brokers``      one folder per broker; each turns our model into its wire and back
``rest``         the door to ask at: routes, bodies, answers
``stream``       the door to listen at: the WebSocket and its fan-out
``metrics``      counters and histograms, and the page that shows them
``core``         the middle, wired: orders, exits and what they need, between doors and broker
``config``       environment variables into frozen settings
``port``         the one public port
``vitals``       what the probes say
``service``      the composition root: the doors around the core, and how all starts and stops
``daemon``       the process: where its log goes, what signals do to it
``tap``          the ``twistd`` plugin; the only module that knows the reactor

Beside them stand ``deferreds`` (coroutines at the seams), ``retelling`` (the event log, page by
page), ``secrecy`` (what is never written), ``logs`` and ``testing`` (the fakes we ship).

Read ``docs/architecture.md`` next.
"""

__version__ = "0.1.0"
