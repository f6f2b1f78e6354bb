"""The values that travel between the rooms: frozen structs and enums, no networks, no clocks.

Every struct encodes to the wire of the Trading API as it stands (see :mod:`tradegw.model.wire`): an
optional member is absent when it is ``None``.
"""
