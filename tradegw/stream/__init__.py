"""The door to listen at: the WebSocket ``/v1/ws`` and its fan-out (protocol section 5).

Out: ``fanout`` (asks ``filter``; encodes and frames once, by ``messages``) -> an ``outlet`` per
client: straight to the socket, or into its ``outbox`` while the client is slow. ``farewell`` ends
the stream when the gateway stops.

Again: ``resume`` tells a client that comes back what it missed, as its query string (``wish``)
asks for, and lets it join the fan-out in the turn in which it has caught up.

In: ``resource`` turns a request (``handshake``) into a ``protocol``: autobahn, with a ``fastlane``
for the ordinary ``frames``. ``door`` holds what all connections share, ``wiring`` builds the lot.
"""
