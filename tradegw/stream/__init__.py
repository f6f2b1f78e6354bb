"""The door to listen at: the WebSocket ``/v1/ws`` and the fan-out behind it (protocol section 5).

An event goes ``fanout`` (``filter``, ``messages``: encoded and framed once) -> ``outlet`` (one per client,
straight to the socket, or held in its ``outbox`` while the client is slow). A client comes in by
``resource`` (the HTTP upgrade), then ``protocol`` (autobahn, with ``frames`` for the ordinary case).
``door`` builds the lot.
"""
