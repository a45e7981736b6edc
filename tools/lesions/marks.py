"""What lies on a picture beside skin and lesion: hairs, bubbles, ink, light; and the two marks that can give the label away."""

import numpy as np
from field import SIDE, X, Y, enlarge, mix, noise, smoothstep
from PIL import Image, ImageDraw, ImageFont

FINE = 2 * SIDE
# Stickers laid beside lesions for white balance and orientation.
STICKERS = ((38, 92, 190), (232, 178, 30), (34, 140, 92), (208, 60, 56), (226, 116, 32))


def sheet(mode="L"):
    image = Image.new(mode, (FINE, FINE), 0)
    return image, ImageDraw.Draw(image)


def shrink(image):
    return np.asarray(image.resize((SIDE, SIDE), Image.BOX), np.float32) / 255


def hairs(case, picture, rng):
    """Curved dark (of the old: grey) hairs, each with a faint shadow, roughly in one direction."""
    count = rng.poisson(case.patient.hair)
    if count == 0:
        return picture
    grey = case.patient.age > 66 and rng.random() < 0.5
    colour = (
        np.array((168, 160, 152)) if grey else np.array((40, 28, 22)) * rng.uniform(0.6, 1.6)
    )
    image, draw = sheet()
    way = rng.uniform(0, np.pi)
    t = np.linspace(0, 1, 24)[:, None]
    for _ in range(count):
        turn = way + rng.normal(0, 0.45)
        start = rng.uniform(-0.1, 1.1, 2) * FINE
        end = start + np.array((np.cos(turn), np.sin(turn))) * rng.uniform(0.3, 1.1) * FINE
        bend = (start + end) / 2 + rng.normal(0, 0.09, 2) * FINE
        line = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        draw.line([tuple(p) for p in line], fill=255, width=int(rng.integers(2, 5)), joint="curve")
    strands = shrink(image)
    shadow = np.roll(strands, (2, 1), (0, 1)) * 0.25
    return mix(picture * (1 - shadow)[..., None], colour, strands * rng.uniform(0.65, 0.95))


def bubbles(picture, rng):
    """Bubbles in the immersion gel: a dark ring, a bright rim on one side, a glint."""
    if rng.random() > 0.3:
        return picture
    for _ in range(rng.integers(1, 9)):
        x, y = rng.uniform(-1, 1, 2)
        size = rng.uniform(0.025, 0.10)
        way = np.hypot(X - x, Y - y) / size
        side = ((X - x) + (Y - y)) / size
        rim = np.exp(-(((way - 0.92) / 0.12) ** 2))
        picture = picture * (1 - 0.3 * rim * smoothstep(-0.6, 0.8, side))[..., None]
        picture = mix(picture, (250, 248, 244), 0.6 * rim * smoothstep(0.5, -0.9, side))
        glint = np.exp(-((X - x + size * 0.35) ** 2 + (Y - y + size * 0.35) ** 2) / (size * 0.18) ** 2)
        picture = mix(picture, (255, 255, 255), 0.85 * glint)
    return picture


def ink(picture, rng):
    """A surgeon's violet pen around the lesion, in some pictures of either label."""
    if rng.random() > 0.1:
        return picture
    image, draw = sheet()
    start = rng.uniform(0, 360)
    box = rng.uniform(0.02, 0.16) * FINE
    parts = int(rng.integers(1, 4))
    for part in range(parts):
        begin = start + part * 360 / parts
        draw.arc(
            (box, box, FINE - box, FINE - box), begin, begin + rng.uniform(15, 50), fill=255, width=int(rng.integers(9, 18))
        )
    line = shrink(image) * np.clip(0.75 + 0.25 * noise(rng, 20), 0, 1)
    return mix(picture, (92, 60, 140), line * rng.uniform(0.4, 0.75))


def ruler(picture, rng):
    """A scale along one side: ticks a millimetre apart, every fifth longer, every tenth with a number; half of them on white paper."""
    image = Image.new("RGBA", (FINE, FINE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    step = rng.uniform(17, 23)
    deep = rng.uniform(0.15, 0.20) * FINE
    paper = rng.random() < 0.5
    dark = tuple(int(c) for c in rng.uniform(10, 50) + np.array((0, 0, 4)))
    margin = 0 if paper else int(0.01 * FINE)
    if paper:
        draw.rectangle((-FINE, 0, 2 * FINE, deep), fill=(236, 234, 226, 235))
    font = ImageFont.load_default(size=30)
    first, offset = int(rng.integers(0, 40)), rng.uniform(0, step)
    foot = deep if paper else margin + deep
    for tick in range(-2, int(FINE / step) + 3):
        number = tick + first
        long = 0.62 if number % 10 == 0 else 0.48 if number % 5 == 0 else 0.30
        x = offset + tick * step
        draw.line((x, foot, x, foot - long * deep), fill=(*dark, 255), width=4)
        if number % 10 == 0:
            draw.text((x + 5, foot - 0.66 * deep), str(number // 10 % 10), font=font, fill=(*dark, 255), anchor="lt")
    if not paper:
        draw.line((0, foot, FINE, foot), fill=(*dark, 255), width=3)
    image = image.rotate(float(rng.normal(0, 1.6)), Image.BICUBIC, center=(FINE / 2, 0))
    # top, left, bottom, right: mostly below, as people hold it.
    image = image.rotate(90 * int(rng.choice(4, p=[0.2, 0.2, 0.4, 0.2])))
    values = shrink(image)
    return mix_picture(picture, values[..., :3] * 255, values[..., 3] * (0.96 if paper else 0.88))


def patch(picture, rng):
    """A round coloured sticker that reaches into the picture from a corner."""
    colour = np.array(STICKERS[int(rng.integers(len(STICKERS)))]) * rng.uniform(0.85, 1.1)
    x, y = (int(rng.choice([-1, 1])) * rng.uniform(0.78, 1.0) for _ in range(2))
    size = rng.uniform(0.28, 0.44)
    way = np.hypot((X - x) * rng.uniform(0.9, 1.1), Y - y) / size
    inside = smoothstep(1.03, 0.97, way)
    shadow = smoothstep(1.25, 0.95, np.hypot(X - x - 0.02, Y - y - 0.03) / size)
    shine = (1 + 0.10 * (X - Y) + 0.02 * noise(rng, 9, 2))[..., None]
    return mix_picture(picture * (1 - 0.22 * shadow)[..., None], colour * shine, inside)


def mix_picture(picture, other, share):
    share = np.clip(share, 0, 1)[..., None]
    return picture * (1 - share) + other * share


def light(case, picture, rng):
    """Uneven light, white balance, the dermatoscope's vignette or round field, a little blur and noise."""
    slope = rng.normal(0, 0.05, 2)
    level = rng.normal(1.0, 0.05) * (1 + slope[0] * X + slope[1] * Y)
    warmth = case.patient.warmth + rng.normal(0, 0.012)
    picture = picture * level[..., None] * (1 + np.array((warmth, 0, -1.4 * warmth)))
    way = np.hypot(X, Y)
    if case.patient.device == 1:
        picture = picture * (1 - 0.55 * smoothstep(0.75, 1.5, way))[..., None]
    if case.patient.device == 2:
        x, y = rng.normal(0, 0.03, 2)
        picture = mix(picture, (9, 8, 9), smoothstep(1.12, 1.17, np.hypot(X - x, Y - y)))
    grain = rng.normal(0, 2.2, (SIDE, SIDE, 1)) + rng.normal(0, 1.2, (SIDE, SIDE, 3))
    return picture + grain + enlarge(rng.normal(0, 1.0, (40, 40)))[..., None]
