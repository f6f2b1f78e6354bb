"""The one way an order leaves, and the way its events come back.

Down: :mod:`.desk` keeps count, :mod:`.entry` and :mod:`.closing` send, over :mod:`.line` (the
broker behind its breaker). Up: :mod:`.intake` takes the broker's events, :mod:`.blotter` links
them, :mod:`.release` lets them go to the clients in order. :mod:`.reads` answers what clients ask.
"""
