"""Exits that the broker keeps itself: brackets, OTO, OTOCO.

``legs`` knows which of its orders are legs of which plan, ``early`` keeps their news back until it
is known whose they are, ``grace`` gives the broker time and makes good what it fails to do,
``asking`` asks it how they are, ``changes`` follows what clients have it change.
"""
