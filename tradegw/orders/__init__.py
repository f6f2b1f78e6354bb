"""The one way an order leaves, and the way its events come back.

Down: ``desk`` keeps count, ``entry`` and ``closing`` send, over ``line`` (the
broker behind its breaker). Up: ``intake`` takes the broker's events, ``blotter`` links
them, ``release`` lets them go to the clients in order. ``reads`` answers what clients ask.
"""
