"""Draws the product pictures of the demo province (run once, by hand)."""
