"""Acting, and footage: a performance over time, on film, with the truth of every frame."""
