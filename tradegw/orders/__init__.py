"""The one way an order leaves, and the way its events come back.

Down: ``desk`` counts what is under way, ``entry``, ``cancels``, ``replaces`` and ``closing`` check
what clients want, ``gate`` holds it as long as nobody knows how things stand, ``intents`` makes it
an attempt with an id of its own, ``dispatch`` writes it down and sends it over ``line`` (the broker
behind its breaker), ``resolution`` finds out what became of it when no answer came.

Up: ``intake`` takes the broker's events, ``told`` compares each with what clients know (by the
table in ``lifecycle``), ``blotter`` links them, ``release`` lets them go in order, ``chronicle``
numbers them and writes them down before they are published.

Beside: ``reconcile`` asks the broker how things stand (``survey``) and tells what was missed
(``findings``, ``stock``), ``restoring`` starts where the last process ended, ``reads`` answers what
clients ask, ``timelines`` what happened to one order.
"""
