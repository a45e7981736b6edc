"""Pictures of numbers that everything else is drawn with: coordinates, noise and cells, float32 [SIDE, SIDE]."""

import numpy as np
from PIL import Image

# Drawn at twice the size, then reduced: edges come out smooth.
SIDE = 256

Y, X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
# From -1 (left, top) to 1.
X = (X + 0.5) / SIDE * 2 - 1
Y = (Y + 0.5) / SIDE * 2 - 1


def smoothstep(low, high, value):
    """0 below low, 1 above high, 3t^2 - 2t^3 between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def enlarge(grid, side=SIDE):
    """A small grid of numbers as a smooth field."""
    return np.asarray(
        Image.fromarray(grid.astype(np.float32)).resize((side, side), Image.BICUBIC)
    )


def noise(rng, cells, octaves=1, fall=0.5):
    """Value noise with `cells` bumps a side: mean 0, standard deviation 1."""
    field = sum(
        fall**octave * enlarge(rng.standard_normal((cells * 2**octave + 3,) * 2))
        for octave in range(octaves)
    )
    return ((field - field.mean()) / field.std()).astype(np.float32)


def cells(rng, count):
    """Worley's cells, `count` a side: distances to the nearest and second nearest point in units of a cell, and a number a cell."""
    across, along, shades = rng.random((3, count + 2, count + 2), np.float32)
    x, y = (X + 1) / 2 * count, (Y + 1) / 2 * count
    column, row = x.astype(np.int32), y.astype(np.int32)
    right_of, below = x - column.astype(np.float32), y - row.astype(np.float32)
    nearest = np.full_like(x, np.inf)
    second, value = nearest.copy(), nearest.copy()
    for down in (0, 1, 2):
        for right in (0, 1, 2):
            at = (row + down, column + right)
            distance = (across[at] + np.float32(right - 1) - right_of) ** 2
            distance += (along[at] + np.float32(down - 1) - below) ** 2
            closer = distance < nearest
            second = np.where(closer, nearest, np.minimum(second, distance))
            nearest = np.where(closer, distance, nearest)
            value = np.where(closer, shades[at], value)
    return np.sqrt(nearest), np.sqrt(second), value


def mix(picture, colour, share):
    """`share` [H, W] of a colour laid over a picture [H, W, 3]."""
    share = np.clip(share, 0, 1)[..., None]
    return picture * (1 - share) + np.asarray(colour, np.float32) * share
