"""What stays the same of a person from shot to shot: the neutral head, its skin texture, its hair."""
from functools import cached_property, lru_cache

import cv2
import numpy as np

from dflib.cast.geometry.head import head_model
from dflib.cast.geometry.mesh import smoothstep, vertex_normals
from dflib.cast.hair.hair import grow_hair
from dflib.cast.hair.strands import Strands
from dflib.cast.people.person import Person
from dflib.cast.picture import materials
from dflib.cast.surface.skin import base_colour, skin_texture

CLOTH_THICKNESS = 0.38  # cm


class Actor:
    """One person, ready to be rendered; everything is computed when first needed."""

    def __init__(self, person):
        self.person = person
        self._textures = {}

    @cached_property
    def neutral(self) -> np.ndarray:
        """(V, 3) float32 vertices without expression or clothes."""
        head = head_model()
        return head.vertices(self.person.identity, np.zeros(len(head.expression), np.float32))

    @cached_property
    def normals(self) -> np.ndarray:
        """(V, 3) float32 normals of `neutral`."""
        return vertex_normals(self.neutral, head_model().triangles)

    @cached_property
    def dressed(self) -> np.ndarray:
        """(V, 3) float32: `neutral` with the skin below the neckline pushed out by the cloth's thickness."""
        head, vertices = head_model(), self.neutral.copy()
        skin = slice(head.skin_count)
        x, y, z = head.template[skin].T
        inside = smoothstep(materials.neckline(self.person.clothes, x, z) - y, -0.05, 0.45)[:, None]
        vertices[skin] += self.normals[skin] * inside.astype(np.float32) * np.float32(CLOTH_THICKNESS)
        return vertices

    @cached_property
    def hair(self) -> "Strands | None":
        """Strands or None."""
        return grow_hair(self.person, self.neutral)

    @cached_property
    def base(self) -> np.ndarray:
        """(3,) mean reflectance of the skin."""
        return base_colour(self.person)

    def texture(self, pixels_per_cm: float) -> np.ndarray:
        """(h, w, 8) float32 skin texture, blurred for pictures too small to show it."""
        sigma = 0.0 if pixels_per_cm > 16 else 0.7 if pixels_per_cm > 11 else 1.1
        if sigma not in self._textures:
            sharp = self._textures[0.0] if self._textures else skin_texture(self.person)
            self._textures[0.0] = sharp
            if sigma:
                self._textures[sigma] = cv2.GaussianBlur(sharp, (0, 0), sigma)
        return self._textures[sigma]


@lru_cache(maxsize=8)
def actor_of(person: Person) -> Actor:
    """The Actor of a Person; the last eight are kept."""
    return Actor(person)
