"""Skin and what grows on it. Colours are multiplied as light is absorbed (Beer-Lambert): exp(-density * absorption)."""

import numpy as np
from field import SIDE, X, Y, cells, enlarge, mix, noise, smoothstep

# sRGB of the six skin tones under a dermatoscope's light.
SKIN = np.array(
    [
        (238, 203, 189),
        (229, 188, 168),
        (213, 166, 140),
        (186, 135, 106),
        (146, 101, 76),
        (104, 71, 56),
    ],
    np.float32,
)
# Absorption of pigment and of blood for red, green, blue.
MELANIN = np.array((0.38, 0.78, 1.05), np.float32)
BLOOD = np.array((0.10, 0.85, 0.72), np.float32)


def absorb(picture, density, absorption):
    return picture * np.exp(-density[..., None] * absorption)


def skin(case, rng):
    """Bare skin: mottled, furrowed, with pores, a few freckles and fine vessels. [SIDE, SIDE, 3], 0..255."""
    tone = SKIN[case.patient.tone] * (1 + rng.normal(0, 0.02, 3))
    picture = np.broadcast_to(tone, (SIDE, SIDE, 3)).astype(np.float32)
    picture = absorb(picture, 0.035 * noise(rng, 3, 3) + 0.02 * noise(rng, 24), MELANIN)
    picture = absorb(picture, 0.05 * np.abs(noise(rng, 3, 3)), BLOOD)
    near, second, _ = cells(rng, int(rng.integers(20, 34)))
    furrow = 1 - smoothstep(0, 0.22, second - near)
    picture = picture * (1 + rng.uniform(0.01, 0.05) * (0.3 - furrow))[..., None]
    for _ in range(rng.poisson(2.5)):
        x, y = rng.uniform(-1, 1, 2)
        size = rng.uniform(0.015, 0.06)
        spot = np.exp(-(((X - x) ** 2 + (Y - y) ** 2) / size**2))
        picture = absorb(picture, spot * rng.uniform(0.1, 0.45), MELANIN)
    if rng.random() < 0.35:
        line = np.abs(noise(rng, 5, 2))
        vessels = (1 - smoothstep(0.02, 0.09, line)) * smoothstep(0.4, 1.3, noise(rng, 3))
        picture = absorb(picture, vessels * 0.35, BLOOD)
    return picture


def contour(case, rng):
    """How far inside the lesion a pixel lies, in shares of its radius (negative outside), the angle, and the radius."""
    x0, y0 = np.clip(rng.normal(0, 0.09, 2), -0.2, 0.2)
    radius = rng.uniform(0.34, 0.54) + 0.12 * case.severity
    x, y = X - x0, Y - y0
    wobble = 0.03 + 0.10 * case.border
    x = x + wobble * radius * noise(rng, 5, 3)
    y = y + wobble * radius * noise(rng, 5, 3)
    turn = rng.uniform(0, 2 * np.pi)
    x, y = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    angle = np.arctan2(y, x)
    flat = rng.uniform(0.78, 1.0) - 0.14 * case.asymmetry
    reach = flat / np.hypot(flat * np.cos(angle), np.sin(angle))
    for wave in range(1, 4):
        reach = reach + 0.17 * case.asymmetry**1.3 * rng.normal() / wave**0.5 * np.cos(
            wave * angle + rng.uniform(0, 2 * np.pi)
        )
    for wave in range(5, 15):
        reach = reach + 0.022 * case.border**1.5 * rng.normal() * np.cos(
            wave * angle + rng.uniform(0, 2 * np.pi)
        )
    reach = radius * np.clip(reach, 0.35, 1.5)
    return (reach - np.hypot(x, y)) / radius, angle, (x0, y0, radius)


def lesion(case, picture, rng):
    """Draws the lesion on the skin; its mask is where it covers at least half."""
    depth, angle, (x0, y0, radius) = contour(case, rng)
    # A mole fades out evenly; a melanoma stops abruptly along a part of its border.
    ring = enlarge(rng.standard_normal((6, 6)))
    width = 0.17 - 0.13 * smoothstep(-0.4, 0.6, ring + (case.border - 0.5) * 2)
    cover = smoothstep(-width, width, depth)

    brown = rng.uniform(0.55, 1.0) * case.patient.pigment
    middle = smoothstep(0, 0.8, depth)
    profile = rng.choice([-0.3, 0.25, 0.5], p=[0.2, 0.4, 0.4]) * (1 - 0.6 * case.colours)
    density = brown * (1 + profile * (middle - 0.5) * 2)
    density = density * (1 + 0.10 * noise(rng, 7, 3))

    # Pigment network: a honeycomb, even in moles, coarse and broken in melanomas.
    near, second, shade = cells(rng, int(rng.integers(28, 40) - 10 * case.border))
    mesh = 1 - smoothstep(0.0, 0.42, second - near)
    uneven = smoothstep(-0.6, 0.9, noise(rng, 3) - 1.2 * (0.5 - case.border))
    strength = rng.uniform(0.05, 0.36) * (1 - case.asymmetry * uneven)
    density = density + strength * (mesh - 0.35) * (1 - 0.5 * middle) * 1.3
    # Globules: dark round dots; in melanomas of unequal size.
    dots = smoothstep(0.30, 0.12, near / (0.6 + shade * (0.4 + case.border)))
    density = density + dots * (shade > 0.55) * rng.uniform(0, 0.7)

    def blot(size, reach=0.75):
        """A patch of another colour somewhere off the centre of the lesion."""
        way, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, reach) * radius
        bump = np.exp(
            -((X - x0 - far * np.cos(way)) ** 2 + (Y - y0 - far * np.sin(way)) ** 2)
            / (size * radius) ** 2
        )
        return smoothstep(0.28, 0.72, bump + 0.13 * noise(rng, 6, 2))

    level = case.colours
    blood = 0.05 * np.ones_like(depth)
    red, white, black, tan = rng.random(4)
    # Each further colour appears at a severity of its own.
    if black < level * 1.15 - 0.15:
        density = density + blot(0.45 + 0.3 * level) * (0.5 + 1.3 * level)
    if black < level - 0.3:
        density = density + blot(0.4) * (0.5 + level)
    if tan < level:
        density = density * (1 - 0.65 * blot(0.55))
    if red < level - 0.2:
        blood = blood + blot(0.55, 0.9) * (0.15 + 0.4 * level)
    # Streaks at the rim.
    if rng.random() < case.border - 0.35:
        rays = smoothstep(0.2, 0.9, np.cos(angle * rng.integers(22, 36) + 2 * noise(rng, 4)))
        rim = np.exp(-(((depth - 0.06) / 0.12) ** 2)) * smoothstep(-0.3, 0.5, noise(rng, 2))
        density = density + rays * rim * 0.9
        cover = np.maximum(cover, smoothstep(0.35, 0.9, rays * rim) * 0.8)

    spot = absorb(picture, np.clip(density, 0.05, 4.2) * cover, MELANIN)
    spot = absorb(spot, blood * cover, BLOOD)
    pale = picture * 0.55 + np.array((225, 200, 196), np.float32) * 0.45
    if white < level - 0.25:
        spot = spot + (pale - spot) * (blot(0.4) * cover * 0.65)[..., None]
    # Blue-white veil: a structureless haze over dark pigment.
    veil = case.veil + rng.normal(0, 0.1)
    if veil > 0.6:
        haze = blot(0.5 + 0.3 * veil, 0.5) * cover * np.clip((veil - 0.5) * 1.6, 0.15, 0.55)
        haze = haze * np.clip(1 + 0.22 * noise(rng, 5, 3), 0, 1.4)
        spot = mix(spot, np.array((118, 124, 142)) * rng.uniform(0.75, 1.05), haze)
    return spot, cover >= 0.5
