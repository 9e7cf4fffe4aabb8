"""Contact sheets of the cast, as committed in data/figures.

    python tools/cast_sheets.py
"""
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dflib import cast, media

FIGURES = Path(__file__).parents[1] / "data" / "figures"
# name: (first seed, rows, columns, pixels)
SHEETS = {"cast": (11000, 4, 8, 128), "cast-64-people": (12000, 8, 8, 128), "cast-large": (12100, 3, 4, 256)}


def sheet(first, rows, columns, size):
    """One picture of rows x columns people, each in a shot of their own seed."""
    frames = [cast.render(cast.sample_person(seed), cast.sample_shot(seed), size).image
              for seed in tqdm(range(first, first + rows * columns), desc=f"{size} px", unit="person")]
    return np.concatenate([np.concatenate(frames[k:k + columns], 1) for k in range(0, len(frames), columns)])


if __name__ == "__main__":
    FIGURES.mkdir(parents=True, exist_ok=True)
    for name, (first, rows, columns, size) in SHEETS.items():
        media.write_image(FIGURES / f"{name}.jpg", sheet(first, rows, columns, size), kind="rendered", quality=88)
