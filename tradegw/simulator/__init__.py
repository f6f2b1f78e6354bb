"""A small exchange with one account: orders and ticks in, fills and events out.

Pure and deterministic: time comes with every call, ids from a callable, and the same calls give the
same events. Two brokers trade on it: the mock by ticks, and the backtest, which plays bars.

``exchange``     the way in for ticks, by the mock's clock; it can be written down and restored
``playback``, ``post``   the way in for bars and ticks that are played, and for orders meanwhile
``counter``, ``records``   what both have: submit, cancel, replace; and all that can be asked
``ticks``, ``paths``, ``spread``   what a price is; how it moves inside of a bar; its two sides
``matching``     when an order of each type trades, and at what price
``market``       one symbol: where its price is, and how orders meet it
``inside``, ``move``   the way of a price without jumps, and what it meets next
``foresight``    which way round a bar goes, where the account decides it
``desk``         carries out fills, cancels and rejections, and tells of them
``fills``        what is to be known of a fill beyond the trade
``positions``, ``account``, ``hedging``, ``margin``, ``guard``, ``costs``, ``slippage``   the money
``admission``    what is refused before it is accepted
``ledger``       every order and trade, working or done
``state``, ``keeping``, ``diary``   all of it as a value, and what changed before it is told
``walk``, ``past``, ``tape``   invented prices, and recorded ones
"""
