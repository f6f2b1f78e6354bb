"""What must survive: intents before they are sent, outcomes, events in their order, exit plans.

``model/journal`` says what can be written down. ``store`` is the SQLite database, ``commits`` makes
many entries durable at once without stopping the reactor, ``lock`` keeps a second gateway out.
"""
