"""Cross margin: spot's pairs on an account that may owe, made of spot's parts.

* There is no testnet: it is real money.
* An order that may raise risk borrows what it lacks and pays back what it can
  (``AUTO_BORROW_REPAY``); one that is to lower it borrows nothing (``AUTO_REPAY``), so that what it
  sells must be there.
* A position is what is ours of a coin: what there is, less what was borrowed and its interest; if
  more is owed than there is, it is short. Nothing is borrowed or paid back but by orders.
* Of entries that buy the exchange keeps both exits, by the lists that margin has; the exits of
  those that sell the gateway keeps. Orders cannot be changed there, only cancelled.
* The account's stream is subscribed to with a token that ends, and is renewed before (``tokens``).

Isolated margin is not supported.
"""
