"""What doubles of brokers have in common: a port, HTTP with faults, streams with a script."""
