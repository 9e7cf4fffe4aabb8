"""Strands: scalp, guides, locks, beards, brows and glasses, and how light runs along fibres."""
