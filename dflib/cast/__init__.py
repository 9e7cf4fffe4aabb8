"""The cast: people who do not exist, rendered from a head model made of equations.

    person = sample_person(7)
    shot = sample_shot(7, yaw=30)
    frame = render(person, shot, size=128)

Names are resolved on first use, so that importing the package stays light.
"""
from dflib.lazy import lazily

_HOME = {
    "Person": "people.person", "sample_person": "people.population",
    "Shot": "people.shots", "sample_shot": "people.shots", "neutral_shot": "people.shots", "expression": "people.shots",
    "head_model": "geometry.head",
    "render": "picture.renderer", "Frame": "picture.renderer", "LABELS": "picture.renderer",
    "Performance": "clips.footage", "perform": "clips.footage", "reenact": "clips.footage", "render_clip": "clips.footage",
    "write_clip": "clips.footage", "read_truth": "clips.footage", "same_look": "people.variants",
    "split_of": "people.splits",
}
__all__ = sorted(_HOME)
__getattr__, __dir__ = lazily(globals(), _HOME)
