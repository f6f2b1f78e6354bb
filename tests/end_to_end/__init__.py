"""The real daemon in a process of its own, driven over loopback by the official SDK and by curl."""
