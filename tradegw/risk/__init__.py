"""What may refuse: plain calls on plain values."""
