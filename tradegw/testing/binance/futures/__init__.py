"""USD-M and COIN-M futures: one machine, with contracts that are linear or inverse."""
