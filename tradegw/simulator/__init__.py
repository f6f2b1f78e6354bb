"""A small exchange with one account: orders and ticks in, fills and events out.

Pure and deterministic: time comes with every call, ids from a callable, and the same calls give the
same events. The mock broker trades on it, and so will the backtest.

``exchange``     the way in: submit, cancel, replace, tick, reads
``ticks``, ``paths``   what a price is; how it moves inside of a bar
``matching``     when an order of each type trades, and at what price
``market``       one symbol: walks its resting orders along the price
``desk``         carries out fills, cancels and rejections, and tells of them
``positions``, ``account``, ``margin``, ``costs``   the money
``admission``    what is refused before it is accepted
``ledger``       every order and trade, working or done
``state``, ``keeping``, ``diary``   all of it as a value, and what changed before it is told
``walk``, ``past``, ``tape``   invented prices, and recorded ones
"""
