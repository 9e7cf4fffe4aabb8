"""Training, scoring and shipping the DCGAN of lesson 02.

    python -m dflib.synthesis.gan.ship      train SHIPPED or go on, score it, write data/checkpoints/dcgan-32
"""
from __future__ import annotations

from dflib.metrics.efficientnet import imagenet_features
from dflib.metrics.frechet import frechet_distance
from dflib.metrics.wasserstein import pyramid_wasserstein
from dflib.paths import CHECKPOINTS
from dflib.synthesis.gan.train import SHIPPED, Recipe, faces_of, people_of, train


def scores(generator) -> dict:
    """Distances to the test split's people, of generated ones and of the validation split's (the floor)."""

    seen, others = people_of("test"), people_of("val")
    count = min(len(seen), len(others))

    def distances(pictures):
        sliced = pyramid_wasserstein(seen[:count], pictures, patches=64, directions=64)
        return {"sliced_wasserstein": {str(side): round(value, 2) for side, value in sliced.items()},
                "frechet_imagenet": round(frechet_distance(seen[:count], pictures, imagenet_features), 3)}

    return {"pictures": count, "real_people": distances(others[:count]), "generated": distances(faces_of(generator, count))}


def ship(run, recipe: Recipe, folder=CHECKPOINTS) -> dict:
    """Write the averaged generator of ``run`` in half precision with its card."""
    generator = run.averaged.cpu().eval()
    for tensor in generator.state_dict().values():                      # scored as it is read: rounded
        if tensor.is_floating_point():
            tensor.copy_(tensor.half().float())
    data = (f"rendered cast only: shipped training people and {recipe.more:,} rendered with two pictures each, aligned, yaw within "
            "30 degrees, mirrored half of the time; scored against the test split's people, beside the validation split's")
    return run.export(folder / "dcgan-32.safetensors", "average", "python -m dflib.synthesis.gan.ship", data, scores(generator),
                      precision="float16")


if __name__ == "__main__":
    ship(train(SHIPPED), SHIPPED)
