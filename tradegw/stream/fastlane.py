"""Autobahn's server protocol, with a fast lane for the ordinary frames of clients."""

from __future__ import annotations

from autobahn.twisted.websocket import WebSocketServerProtocol

from . import frames


class FastLane(WebSocketServerProtocol):
    """Gives ordinary text messages to ``onMessage`` itself and leaves the rest to autobahn.

    Only between two messages, and only while the connection is open, is anything taken. Autobahn is
    given control frames one by one, as it would keep a whole read that begins with one. The
    beginning of a frame that ends in a later read is kept here, or autobahn would have the whole of
    that read, and of the next, under a flood.

    Once autobahn has failed the connection nothing more is read from it: autobahn would go on
    parsing, and collect the payload of a control frame of any length.
    """

    def __init__(self) -> None:
        super().__init__()
        self._awaited = b""

    def dataReceived(self, data: bytes) -> None:
        rest = self._take_ordinary(self._awaited + data)
        if rest and not self.failedByMe:
            super().dataReceived(rest)

    def _take_ordinary(self, data: bytes) -> bytes:
        """Deal with what is ordinary at the front of *data*; what is left is for autobahn."""
        self._awaited = b""
        at = 0
        while self._is_between_messages():
            texts, at = frames.take_texts(data, at)
            for text in texts:
                self.onMessage(text, isBinary=False)
            end = frames.control_end(data, at)
            if end == at:
                break
            super().dataReceived(data[at:end])
            at = end
        if self._is_between_messages() and frames.is_beginning(data, at):
            self._awaited = data[at:]
            return b""
        return data[at:]

    def _is_between_messages(self) -> bool:
        return (
            self.state == self.STATE_OPEN
            and self.current_frame is None
            and not self.inside_message
            and not self.data
        )
