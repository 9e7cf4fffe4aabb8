"""Colours: skin, its maps, and what stands behind a head."""
