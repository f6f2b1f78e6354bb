"""Prices on their way in: bars, and which of them are stale."""
