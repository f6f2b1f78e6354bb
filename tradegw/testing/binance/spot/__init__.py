"""Spot, and what margin takes from it."""
