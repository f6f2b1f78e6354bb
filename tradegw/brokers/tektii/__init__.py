"""An external backtest engine as a broker: its REST for orders and reads, its WebSocket for events.

The engine owns data, clock, matching and account, and waits for acknowledgements: simulated time
goes on when the strategy has acknowledged, by their exact ids, the events it was told. One engine
is one run; its connection is opened when the first strategy is there, and never again.

Not supported: trailing stops of the engine's own (the gateway's stand in), leverage by order, DAY
and FOK, orders that are shown in part. Order changes are a cancel and a new order.

What is known of the engine, and what of that was only verified against the double, stands in
``docs/brokers/tektii.md``.
"""
