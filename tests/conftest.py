"""Property tests find the same examples every time, and a slow machine fails none of them."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("tradegw", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("tradegw")
