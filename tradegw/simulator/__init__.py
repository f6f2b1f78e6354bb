"""A small exchange with one account: orders and ticks in, fills and events out.

Pure and deterministic: time comes with every call, ids from a callable, and the same calls give the
same events. The mock broker trades on it, and so will the backtest.

:mod:`.exchange`     the way in: submit, cancel, replace, tick, reads
:mod:`.ticks`, :mod:`.paths`   what a price is; how it moves inside of a bar
:mod:`.matching`     when an order of each type trades, and at what price
:mod:`.market`       one symbol: walks its resting orders along the price
:mod:`.desk`         carries out fills, cancels and rejections, and tells of them
:mod:`.positions`, :mod:`.account`, :mod:`.margin`, :mod:`.costs`   the money
:mod:`.admission`    what is refused before it is accepted
:mod:`.ledger`       every order and trade, working or done
:mod:`.walk`, :mod:`.past`, :mod:`.tape`   invented prices, and recorded ones
"""
