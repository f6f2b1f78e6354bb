"""The built-in backtest: history is replayed through the same gateway that trades live.

Prices come from files (``data``), orders go to the exchange of :mod:`tradegw.simulator`, and what
came of it is measured (``report``). Simulated time (``clock``) stands still until every client has
acknowledged what it was told, no request is being answered and the gateway has nothing under way
(``clients``, ``run``): a strategy can be as slow as it likes, and sees nothing of the future.
"""
