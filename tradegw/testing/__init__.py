"""The fakes we ship, for our own tests and for those of strategies and brokers."""
