"""From environment variables to frozen settings; :func:`tradegw.config.read.read` is the way in.

``variables`` lists every variable there is, ``environment`` reads single ones against their
limits, ``read`` assembles the whole and ``report`` shows it with secrets hidden. A fault names its
variable, and all faults are told together, as one :class:`tradegw.config.problems.ConfigError`.
"""
