"""Alpaca: stocks and crypto, on paper and live. Trading API v2, market data v2 and v1beta3.

Facts are of Alpaca's documentation (https://docs.alpaca.markets) and of public recordings; what of
them was verified only against the double of :mod:`tradegw.testing.alpaca` is said in
``docs/brokers/alpaca.md``.

* A replaced order ends and another takes its place: under a new id, and a client order id that is
  the first one's and a tilde with a mark (``kin``).
* Whole shares get their exits with the order, as bracket or oto; of everything else the gateway
  keeps them. Crypto has no stop orders: they leave as stop-limits (``encoding``).
* Positions are closed by orders of ours, with a client order id and the intent to close, for
  Alpaca's own call takes neither.
* An execution is named by its order and what that had executed by then: the stream and the history
  have nothing else in common.
* Of crypto that was bought Alpaca keeps its fee, untold: it is seen in the position (``coins``).
* What positions call ``BTCUSD`` is ``BTC/USD`` to everybody else, and here.

Not supported: options, orders of a notional, extended hours, market-on-open and -close orders,
hidden, iceberg and post-only orders, leverage by order.
"""
