"""Makes ``twistd tradegw`` known to twistd; imports nothing of ours until it is chosen."""

from twisted.application.service import ServiceMaker

tradegw = ServiceMaker(
    "tradegw",
    "tradegw.tap",
    "One REST and WebSocket trading API in front of many brokers.",
    "tradegw",
)
