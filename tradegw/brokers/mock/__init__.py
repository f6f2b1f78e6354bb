"""The simulated broker: the exchange of :mod:`tradegw.simulator` behind the broker's interface.

Prices are a seeded random walk (``walking``) or recorded files played back (``replay``).
No credentials and no network. The account is kept on disk (``account``) unless a fresh one is asked
for; ``chaos`` and its two companions make a bad broker of it.

* Every order, the market order included, meets the *next* price of its symbol. Only closing a
  position fills at once, at the price last shown.
* On a walk any symbol trades; on tapes only theirs, and when a symbol's tape has ended its market
  is closed.
* On tapes the exchange lives in the time of the tape; the ``timestamp`` of a message is wall time.
* ``hidden`` and ``display_quantity`` are kept but change nothing, since nobody else trades here;
  ``margin_mode`` and ``leverage`` of an order are ignored: ``MOCK_LEVERAGE`` holds for all.
"""
