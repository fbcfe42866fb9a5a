"""The commands of `pricetime`, one module each."""
