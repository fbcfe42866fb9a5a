"""Measurements beside their yardsticks."""
