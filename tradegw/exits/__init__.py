"""Stop-loss and take-profit: what protection each fill must have, and the driving towards it.

``plan`` and ``leg`` say what is wanted and what is known to rest, ``coverage`` computes the
difference, ``guardian`` is told of changes, ``hearing`` finds the plans they concern, ``pursuit``
drives the difference away, step by step (``steps``), ``placement`` sends legs, ``resting`` changes
and ends them and ``moving`` moves them for a client. ``trailing`` says where a stop that follows
the market belongs, ``trails`` brings prices, ``tightening`` moves it. ``keeping`` writes plans into
the journal before anything is sent for them, ``restart`` brings them back. ``native`` is about
exits that the broker keeps itself.
"""
