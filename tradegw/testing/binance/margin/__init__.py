"""Cross margin: the orders of spot on another account, which may owe."""
