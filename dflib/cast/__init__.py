"""The cast: people who do not exist, rendered from a head model made of equations.

    person = sample_person(7)
    shot = sample_shot(7, yaw=30)
    frame = render(person, shot, size=128)

Names are resolved on first use, so that importing the package stays light.
"""
from dflib.lazy import lazily

_HOME = {
    "Person": "people", "sample_person": "population",
    "Shot": "shots", "sample_shot": "shots", "neutral_shot": "shots", "expression": "shots",
    "head_model": "head",
    "render": "renderer", "Frame": "renderer", "LABELS": "renderer",
    "Performance": "footage", "perform": "footage", "reenact": "footage", "render_clip": "footage",
    "write_clip": "footage", "read_truth": "footage", "same_look": "variants",
}
__all__ = sorted(_HOME)
__getattr__, __dir__ = lazily(globals(), _HOME)
