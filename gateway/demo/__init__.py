"""The demonstration: a day of trading through a real venue, and its log replayed."""
