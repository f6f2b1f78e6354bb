"""Historical prices: what ``BACKTEST_DATA`` names, read, checked, and told in the order of time.

Times inside are whole microseconds since the epoch, UTC; at the seams they are aware ``datetime``.
Prices are scaled integers inside and ``Decimal`` at the seams, never a float. Pure, apart from
``load``, which reads the files once.

``load.load(text, *, start, end, currency) -> DataSets``
    Reads everything; raises ``DataError``, which names the file and the row.
``loaded.DataSets``
    ``symbols`` in the order of the configuration; ``series``; ``warnings``; ``begin`` and ``end``
    of the run; ``driver(symbol)``, the series that moves the market; ``options(symbol)``;
    ``day_end(symbol, after)``, when DAY orders expire.
``deliveries.deliveries(datasets, subscriptions) -> Deliveries``
    Which candles and quotes are told, and what is wanted and cannot be.
``course.Course(datasets, deliveries)``
    An iterator of steps (``steps.BarOpen``, ``BarClose``, ``TickStep``, ``Over``) in the order
    of work; ``peek()`` tells time and rank of the next one, so that timers and what happens inside
    of bars can be put between.
``history.History(datasets)``
    ``bars(symbol, query, clock)``: those that had ended by *clock*; ``last_tick(symbol, clock)``
    and ``last_close(symbol, clock)``: what was shown before the run.
"""
