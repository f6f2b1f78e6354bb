"""Who must acknowledge what before a run goes on: for brokers whose time is the strategy's."""
