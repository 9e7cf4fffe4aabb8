"""Speed of the cast: shots of a known person, and new people, at 128 and 256 pixels."""
from itertools import count

import numpy as np
import pytest

from dflib.cast.picture.camera import View
from dflib.cast.geometry.head import head_model
from dflib.cast.people.population import sample_person
from dflib.cast.geometry.raster import rasterise
from dflib.cast.picture.renderer import render
from dflib.cast.people.shots import sample_shot


@pytest.mark.parametrize("size", [128, 256])
def test_shots_of_known_people(benchmark, size):
    people, shots = [sample_person(k) for k in range(6)], [sample_shot(k) for k in range(6)]
    pairs = list(zip(people, shots))
    for person, shot in pairs:
        render(person, shot, size)
    turn = count()
    benchmark.pedantic(lambda: render(*pairs[next(turn) % 6], size), rounds=30)


def test_new_people(benchmark):
    render(sample_person(0), sample_shot(0), 128)
    seeds = count(100)

    def newcomer():
        seed = next(seeds)
        return render(sample_person(seed), sample_shot(seed), 128)
    benchmark.pedantic(newcomer, rounds=20)


def test_rasteriser(benchmark):
    head, view = head_model(), View.of(sample_shot(0), 256)
    _, x, y, z = view.place(head.mean, head.neck_weight)
    seen = benchmark(rasterise, x, y, z, head.triangles, 256, 256)
    assert np.mean(seen.triangle >= 0) > 0.1
