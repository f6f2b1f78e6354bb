"""What all connections of the stream share."""

from __future__ import annotations
