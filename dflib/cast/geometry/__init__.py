"""Shapes: the head model and its modes, the triangles that are drawn, and what closes off the sky."""
