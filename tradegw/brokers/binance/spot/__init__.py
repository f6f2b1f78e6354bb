"""Spot: balances, which are told as positions, and orders that never go short.

* An entry with both exits leaves with them where the exchange can keep them exactly: a limit buy as
  OPOCO, whose exits are for what the buy received net of fees; a market buy is followed by an OCO
  for what it received (``brackets``). The gateway keeps all other exits.
* A position is a balance. What it cost is found in the trades of its symbol, back to when nothing
  was held; where they do not go back so far it is unknown, and said to be zero (``costs``).
"""
