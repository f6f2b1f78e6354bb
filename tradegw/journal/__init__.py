"""What must survive: intents before they are sent, outcomes, events in their order, exit plans.

``model/journal`` says what can be written down. ``opening`` is the way in and makes a ``durable``
journal, after ``examining`` the file that is there or ``making`` a new one; ``problems`` says why
it would not. Writing: ``rows`` makes rows of entries, ``commits`` makes many of them durable at
once without stopping the reactor, in ``thread``. ``store`` is the SQLite database with its
``schema``, ``reading`` what can be asked of it. ``upkeep`` lets ``retention`` forget, by the SQL in
``removals``, what is over. ``lock`` keeps a second gateway out.
"""
