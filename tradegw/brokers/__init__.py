"""Brokers, one folder each; only the chosen one is imported.

:mod:`tradegw.brokers.registry` finds it.

Files of the same name do the same in every folder: ``plugin`` is what the entry point leads to,
``config`` reads the broker's own settings, ``broker`` keeps the promises of
:class:`tradegw.interfaces.IBroker`. No broker imports another. How one is added stands in
``docs/adding-a-broker.md``.

What all of them can use::

    link          sessions and streams, and evidence that they tell all: :mod:`tradegw.brokers.link`
    http          calls (call, connections), with a budget of limits (ratelimit, allowance)
    endpoint      addresses, and how connections to them are made
    clock         the broker's time
    memory        what must not be forgotten while the gateway is down
"""
