"""Binance: spot by REST v3 and the WebSocket API v3, futures by their own; live and to practise.

Facts are of Binance's documentation (https://developers.binance.com) and of public reports; what of
them was verified only against a double is said in ``docs/brokers/binance.md``.

What all products share stands in this folder: keys, signatures, limits, refusals, the broker's
time. What is of one product stands in a folder of its own (``spot``, ``margin``, which is made of
spot's parts, ``futures``), and where a product is reached in a table (``product``).

* Every id is one of a symbol: an order's id here is ``SOLUSDC:9013344210``.
* A client order id is unique among *open* orders alone: the same sent twice executes twice.
* What an order bought is less than what it executed, where the fee is taken of it.
* An answer that failed inside Binance (HTTP 5xx and three codes) leaves the order in doubt.

Not supported: isolated margin, orders of a quote quantity, hidden orders, pegged orders,
trailing stops at the exchange on spot (the gateway trails), orders for the day.
"""
