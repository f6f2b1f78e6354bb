"""Brokers, one folder each; only the chosen one is imported.

:mod:`tradegw.brokers.registry` finds it.

Files of the same name do the same in every folder: ``plugin`` is what the entry point leads to,
``config`` reads the broker's own settings, ``broker`` keeps the promises of
:class:`tradegw.interfaces.IBroker`. No broker imports another.
"""
