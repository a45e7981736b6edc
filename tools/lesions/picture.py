"""One case as a picture and a mask."""

import numpy as np
from field import SIDE
from lesion import lesion, skin
from marks import bubbles, hairs, ink, light, patch, ruler
from PIL import Image

SMALL = 128
MARKS = {"ruler": ruler, "patch": patch}


def draw(case, variants=((),)):
    """The same case once for each of `variants` (names of marks): they differ in the marks alone.

    uint8 [variants, 128, 128, 3] and the mask, bool [128, 128].
    """

    def rng(layer):
        return np.random.default_rng([*case.seed, layer])

    bare, mask = lesion(case, skin(case, rng(1)), rng(2))
    bare = bubbles(ink(hairs(case, bare, rng(3)), rng(4)), rng(5))
    drawn = {}
    for marks in set(variants):
        picture = bare
        for layer, (name, mark) in enumerate(MARKS.items(), start=10):
            if name in marks:
                picture = mark(picture, rng(layer))
        picture = light(case, picture, rng(6))
        image = Image.fromarray(np.clip(picture, 0, 255).round().astype(np.uint8))
        drawn[marks] = np.asarray(image.resize((SMALL, SMALL), Image.BOX))
    cover = mask.reshape(SMALL, SIDE // SMALL, SMALL, SIDE // SMALL).mean((1, 3))
    return np.stack([drawn[marks] for marks in variants]), cover >= 0.5
