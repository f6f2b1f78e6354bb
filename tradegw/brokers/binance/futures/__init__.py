"""Binance's futures: USD-M by ``/fapi``, COIN-M by ``/dapi``; what differs stands in ``venue``.

* Orders that wait for a price live in a service of their own, whose numbers are others: their id
  here is ``algo:SOLUSDT:3004410021``. When one is triggered an ordinary order is made for it; for
  clients it stays the one that it was.
* With positions netted a position's id is its symbol; hedged, ``SOLUSDT:LONG``, ``SOLUSDT:SHORT``.
* Exits are orders that only reduce; they hold nothing, so several can rest for one quantity.
* On COIN-M quantities are contracts and money is coins.
"""
