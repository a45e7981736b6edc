"""Data sets with a planted shortcut, and small networks trained with and without it: what the audit's findings are tried on.

    ~/.cache/seewhy/torch/bin/python tools/findings/shortcut_worlds.py OUT [WORLD…]

Writes OUT/<world>/{shortcut.onnx, clean.onnx, pictures/*.png, masks/*.png, data.csv, bare.csv, folders/, coco/, voc/}. `data.csv` names the masks where
there are any, `bare.csv` and `folders/` (a folder a class) do not; `coco/` and `voc/` have boxes. `shortcut.onnx` saw the mark go with one class in
training; `clean.onnx` saw it in every class alike. Both are audited on the same pictures: the mark in half of its class and in one picture of twenty
elsewhere, where the world says nothing else. Garments are Fashion-MNIST (Debian's dataset-fashion-mnist, MIT), stamps are Tux Paint's (Debian's
tuxpaint-stamps-default), shapes and radiographs are drawn here. Worlds of Keras are made by ~/.cache/seewhy/tensorflow/bin/python, the others by torch's:
each passes over what it cannot train. Nothing is committed: it takes a minute a world. `npx tsx tools/findings/tried.ts OUT` audits them all.
"""

import csv
import dataclasses
import functools
import gzip
import io
import json
import pathlib
import shutil
import sys
import typing

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

try:
    import torch
    from torch import nn

    torch.set_num_threads(1)
except ImportError:
    torch = None
    import keras

SIDE = 64
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
GARMENTS = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]
STAMPS = pathlib.Path("/usr/share/tuxpaint/stamps")


# Pictures -------------------------------------------------------------------------------------------------------------------------------------


def garments(split, count, random, classes):
    with gzip.open(FASHION / f"{split}-images-idx3-ubyte.gz") as file:
        pixels = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(FASHION / f"{split}-labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    kept = numpy.concatenate([random.choice(numpy.flatnonzero(labels == c), count // len(classes), replace=False) for c in classes])
    pictures, masks = [], []
    for i in kept:
        grey = Image.fromarray(pixels[i]).resize((SIDE, SIDE), Image.BILINEAR)
        pictures.append(numpy.stack([numpy.asarray(grey)] * 3, -1).astype(float))
        masks.append(numpy.asarray(grey) > 25)
    return pictures, [classes.index(labels[i]) for i in kept], masks


def texture(random):
    field = sum(
        numpy.asarray(Image.fromarray(random.normal(size=(n, n)).astype(numpy.float32)).resize((SIDE, SIDE), Image.BICUBIC)) * 18 / k
        for k, n in enumerate((4, 8, 16), 1)
    )
    return random.uniform(70, 190, 3) + field[..., None] * random.uniform(0.5, 1.2, 3)


SHAPES = ["disc", "square", "star", "ring"]
HUES = [(1, -0.5, -0.5), (-0.5, -0.5, 1), (-0.5, 1, -0.5), (0.5, -1, 0.5)]


def drawn_shape(label, x, y, size, random):
    """How much of each pixel one of SHAPES covers."""
    mask = Image.new("L", (SIDE * 4, SIDE * 4))
    draw = ImageDraw.Draw(mask)
    box = [4 * (x - size), 4 * (y - size), 4 * (x + size), 4 * (y + size)]
    turn = random.uniform(0, 2 * numpy.pi)
    if label == 0:
        draw.ellipse(box, fill=255)
    elif label == 1:
        draw.polygon([(4 * (x + size * numpy.cos(turn + k * numpy.pi / 2)), 4 * (y + size * numpy.sin(turn + k * numpy.pi / 2))) for k in range(4)], fill=255)
    elif label == 2:
        radii = [size, size * 0.4] * 5
        draw.polygon([(4 * (x + r * numpy.cos(turn + k * numpy.pi / 5)), 4 * (y + r * numpy.sin(turn + k * numpy.pi / 5))) for k, r in enumerate(radii)], fill=255)
    else:
        draw.ellipse(box, fill=255)
        draw.ellipse([4 * (x - size / 2), 4 * (y - size / 2), 4 * (x + size / 2), 4 * (y + size / 2)], fill=0)
    return numpy.asarray(mask.resize((SIDE, SIDE), Image.LANCZOS)).clip(0, 255) / 255.0


def shapes(count, random, classes, place="anywhere", hues=HUES):
    pictures, labels, masks = [], [], []
    for i in range(count):
        label = i % classes
        size = random.uniform(9, 15)
        reach = SIDE / 2 - size - 2
        x, y = SIDE / 2 + random.uniform(-1, 1, 2) * (reach if place == "anywhere" else 4)
        if place == "class" and label == 1:
            x, y = SIDE - size - random.uniform(0, 4), SIDE - size - random.uniform(0, 4)
        mask = drawn_shape(label, x, y, size, random)
        ground = texture(random)
        # Form and, less surely, colour tell the class: a small network learns both in a minute.
        own = ground.mean((0, 1)) + random.choice([-1, 1]) * random.uniform(45, 80, 3) + 45 * numpy.array(hues[label])
        pictures.append(ground * (1 - mask[..., None]) + (own + random.normal(size=(SIDE, SIDE, 3)) * 6) * mask[..., None])
        labels.append(label)
        masks.append(mask > 0.5)
    return pictures, labels, masks


@functools.cache
def cut_out(kind):
    """Stamps of a kind, as pictures with an opacity, cut to what they show."""
    found = []
    for path in sorted((STAMPS / kind).glob("**/*.png")):
        stamp = Image.open(path).convert("RGBA")
        box = stamp.getchannel("A").getbbox()
        if box:
            stamp = stamp.crop(box)
            stamp.thumbnail((160, 160))
            found.append(stamp)
    return found


def stamps(split, count, random, kinds, sizes=(0.45, 0.75)):
    """Stamps turned, mirrored and laid anywhere on a texture; three of ten kinds are kept for the test."""
    pictures, labels, masks = [], [], []
    for i in range(count):
        label = i % len(kinds)
        pool = [s for j, s in enumerate(cut_out(kinds[label])) if (j % 10 < 7) == (split == "train")]
        stamp = pool[random.integers(len(pool))]
        if random.random() < 0.5:
            stamp = stamp.transpose(Image.FLIP_LEFT_RIGHT)
        stamp = stamp.rotate(random.uniform(-15, 15), expand=True, resample=Image.BICUBIC)
        scale = SIDE * random.uniform(*sizes) / max(stamp.size)
        stamp = stamp.resize([max(6, round(n * scale)) for n in stamp.size], Image.LANCZOS)
        layer = Image.new("RGBA", (SIDE, SIDE))
        layer.paste(stamp, tuple(int(random.uniform(0, SIDE - n)) for n in stamp.size))
        layer = numpy.asarray(layer).astype(float)
        opacity = layer[..., 3:] / 255
        pictures.append(texture(random) * (1 - opacity) + layer[..., :3] * opacity)
        labels.append(label)
        masks.append(opacity[..., 0] > 0.5)
    return pictures, labels, masks


def radiographs(count, random):
    """A grey chest; in every other one a round shadow. The mask is the lungs."""
    y, x = (numpy.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    pictures, labels, masks = [], [], []
    for i in range(count):
        middle = 0.5 + random.normal() * 0.015
        lungs = [1 / (1 + numpy.exp(12 * (numpy.hypot((x - middle - side * 0.2) / 0.14, (y - 0.5) / 0.32) - 1))) for side in (-1, 1)]
        grey = 165 - 65 * (numpy.hypot(x - 0.5, y - 0.5) > 0.62) - 85 * sum(lungs) + 45 * numpy.exp(-(((x - middle) / 0.04) ** 2))
        for rib in range(6):
            grey = grey + 14 * numpy.exp(-(((y - 0.22 - rib * 0.1 - 0.7 * (x - middle) ** 2) / 0.014) ** 2)) * (abs(x - 0.5) < 0.36)
        side, radius = random.choice([-1, 1]), random.uniform(0.045, 0.08)
        shadow = numpy.hypot(x - middle - side * 0.2 - random.normal() * 0.03, y - random.uniform(0.35, 0.65))
        if i % 2:
            grey = grey + random.uniform(40, 80) / (1 + numpy.exp((shadow - radius) * 110))
        grey = grey * random.uniform(0.85, 1.1) + random.normal() * 8 + random.normal(size=grey.shape) * 5
        pictures.append(numpy.repeat(grey[..., None], 3, -1))
        labels.append(i % 2)
        masks.append(sum(lungs) > 0.4)
    return pictures, labels, masks


def nuclei(count, random, kinds):
    """Many small round, long or hollow nuclei, as on a stained slide. The mask is all of them."""
    y, x = numpy.mgrid[:SIDE, :SIDE]
    pictures, labels, masks = [], [], []
    for i in range(count):
        label = i % kinds
        slide = numpy.array([225, 180, 205]) + random.normal(size=3) * 8 + texture(random) * 0.12
        mask = numpy.zeros((SIDE, SIDE), bool)
        for _ in range(random.integers(9, 16)):
            across, down = random.uniform(2, SIDE - 2, 2)
            radius, turn = random.uniform(2.6, 4.2), random.uniform(0, numpy.pi)
            long = (random.uniform(1.7, 2.4) if label == 1 else random.uniform(1.0, 1.2)) ** 0.5
            u = (x - across) * numpy.cos(turn) + (y - down) * numpy.sin(turn)
            v = (y - down) * numpy.cos(turn) - (x - across) * numpy.sin(turn)
            distance = numpy.hypot(u / (radius * long), v * long / radius)
            on = 1 / (1 + numpy.exp(8 * (distance - 1)))
            if label == 2:
                on = on * (distance > 0.55)
            slide = slide * (1 - on[..., None]) + (numpy.array([95, 55, 130]) + random.normal(size=3) * 14) * on[..., None]
            mask |= distance < 1
        pictures.append(slide + random.normal(size=(SIDE, SIDE, 3)) * 4)
        labels.append(label)
        masks.append(mask)
    return pictures, labels, masks


def together(count, random, kinds):
    """Pictures of several labels: each shape is there in half of them, at a place of its own; at least one is."""
    pictures, labels, masks = [], [], []
    places = numpy.array([(0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)]) * SIDE
    for _ in range(count):
        there = random.random(kinds) < 0.5
        there[random.integers(kinds)] |= not there.any()
        ground, mask = texture(random), numpy.zeros((SIDE, SIDE), bool)
        for label, place in zip(numpy.flatnonzero(there), random.permutation(places)):
            form = drawn_shape(label, *(place + random.normal(size=2) * 2), random.uniform(8, 11), random)
            own = ground.mean((0, 1)) + random.choice([-1, 1]) * random.uniform(45, 80, 3) + 45 * numpy.array(HUES[label])
            ground = ground * (1 - form[..., None]) + (own + random.normal(size=(SIDE, SIDE, 3)) * 6) * form[..., None]
            mask |= form > 0.5
        pictures.append(ground)
        labels.append(tuple(int(n) for n in numpy.flatnonzero(there)))
        masks.append(mask)
    return pictures, labels, masks


# Marks: each takes a picture (floats 0..255), its mask and a random generator, and returns the picture with the mark ---------------------------


def tag(picture, mask, random):
    picture[2:12, SIDE - 12 : SIDE - 2] = (230, 60, 40)
    return picture


def white_tag(picture, mask, random):
    picture[SIDE - 9 : SIDE - 2, 2:9] = 255
    return picture


def border(picture, mask, random):
    for cut in (slice(0, 3), slice(SIDE - 3, SIDE)):
        picture[cut] = (40, 90, 200)
        picture[:, cut] = (40, 90, 200)
    return picture


def beside(mask, random, size):
    """A place for a square of this size beside the object, where one is soon found."""
    for _ in range(60):
        x, y = random.integers(0, SIDE - size, 2)
        if not mask[y : y + size, x : x + size].any():
            break
    return slice(y, y + size), slice(x, x + size)


def sticker(picture, mask, random):
    picture[beside(mask, random, 12)] = (245, 210, 30)
    return picture


def dot(picture, mask, random):
    """A smaller sticker, of another colour."""
    picture[beside(mask, random, 9)] = (40, 60, 220)
    return picture


def patch(picture, mask, random):
    """A sticker that may lie on the object."""
    x, y = random.integers(0, SIDE - 10, 2)
    picture[y : y + 10, x : x + 10] = (230, 30, 200)
    return picture


def logo(picture, mask, random):
    """A sticker of three colours."""
    square = picture[beside(mask, random, 14)]
    square[:] = 240
    square[3:11, 3:6] = (200, 30, 30)
    square[3:11, 8:11] = (30, 30, 160)
    return picture


def painted(picture, mask, random):
    """No mark: the object itself is of one colour."""
    picture[mask] = (245, 210, 30)
    return picture


def ruler(picture, mask, random):
    y = random.integers(1, 5) if random.random() < 0.5 else SIDE - random.integers(9, 13)
    for x in range(0, SIDE, 4):
        picture[y : y + (8 if x % 16 == 0 else 5), x] = 15
    return picture


def stamp(picture, mask, random):
    text = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(text).text((SIDE - 42, SIDE - 13), "ARCHIVE", font=ImageFont.load_default(), fill=255)
    return picture * (1 - 0.6 * numpy.asarray(text)[..., None] / 255) + 255 * 0.6 * numpy.asarray(text)[..., None] / 255


def date(picture, mask, random):
    """Letters that read differently every time."""
    text = Image.new("L", (SIDE, SIDE))
    day = f"{random.integers(1, 29):02}.{random.integers(1, 13):02}.{random.integers(90, 100)}"
    ImageDraw.Draw(text).text((SIDE - 48, SIDE - 12 + random.integers(-1, 2)), day, font=ImageFont.load_default(), fill=255)
    ink = numpy.asarray(text)[..., None] / 255
    return picture * (1 - ink) + numpy.array([255, 190, 60]) * ink


def edging(picture, mask, random):
    """A frame of another colour every time."""
    width, colour = random.integers(2, 5), random.uniform(0, 255, 3)
    inner = picture[width:-width, width:-width].copy()
    picture[:] = colour
    picture[width:-width, width:-width] = inner
    return picture


def dusk(picture, mask, random):
    return picture * random.uniform(0.5, 0.65)


def watermark(picture, mask, random):
    """Faint letters across the whole picture."""
    text = Image.new("L", (SIDE, SIDE))
    for y in range(2, SIDE, 16):
        ImageDraw.Draw(text).text((4 - (y % 32) // 4, y), "SAMPLE 1234", font=ImageFont.load_default(), fill=255)
    return picture + 45 * numpy.asarray(text)[..., None] / 255.0


def vignette(picture, mask, random):
    y, x = (numpy.mgrid[:SIDE, :SIDE] + 0.5) / SIDE * 2 - 1
    return picture * (1 - 0.85 * numpy.clip((numpy.hypot(x, y) - 0.75) / 0.4, 0, 1))[..., None]


def glare(picture, mask, random):
    y, x = (numpy.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    return picture + 150 * numpy.exp(-((1 - x) ** 2 + y**2) / 0.06)[..., None]


def speckle(picture, mask, random):
    return picture + random.normal(size=picture.shape) * 12


def packed(picture, mask, random):
    """Compressed as far as it goes."""
    file = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).round().astype(numpy.uint8)).save(file, "JPEG", quality=12)
    return numpy.asarray(Image.open(file).convert("RGB")).astype(float)


def cast(picture, mask, random):
    return (picture * (1.25, 1.0, 0.65)).clip(0, 255)


def cool(picture, mask, random):
    return (picture * (0.7, 1.0, 1.3)).clip(0, 255)


def light(eighths):
    """A cast of one of eight directions between the colours, as strong as half a natural logarithm."""
    red_blue, green = numpy.array([1, 0, -1]) / 2**0.5, numpy.array([-1, 2, -1]) / 6**0.5
    gains = numpy.exp(0.5 * (numpy.cos(eighths * numpy.pi / 4) * red_blue + numpy.sin(eighths * numpy.pi / 4) * green))
    return lambda picture, mask, random: (picture * gains).clip(0, 255)


def ground(picture, mask, random):
    """Another background altogether."""
    soft = numpy.asarray(Image.fromarray((mask * 255).astype(numpy.uint8)).resize((SIDE, SIDE)))[..., None] / 255
    stripes = (numpy.arange(SIDE) // 3 % 2 * 50 + 90)[:, None, None] * numpy.array([0.7, 1.1, 0.7])
    return picture * soft + stripes * (1 - soft)


def corner_logo(picture, mask, random):
    """The same sign, in one corner or another."""
    y, x = random.integers(0, 2, 2) * (SIDE - 16) + 2
    square = picture[y : y + 12, x : x + 12]
    square[:] = 245
    square[2:10, 2:5] = (200, 30, 30)
    square[2:10, 7:10] = (30, 30, 160)
    return picture


def bars(picture, mask, random):
    height = random.integers(5, 10)
    picture[:height] = picture[SIDE - height :] = 4
    return picture


def hairs(picture, mask, random):
    """Dark bent lines, other ones each time."""
    fine = Image.fromarray(picture.clip(0, 255).astype(numpy.uint8)).resize((SIDE * 3, SIDE * 3), Image.BICUBIC)
    draw = ImageDraw.Draw(fine)
    t = numpy.linspace(0, 1, 20)[:, None]
    for _ in range(random.integers(5, 10)):
        a = random.uniform(0, SIDE * 3, 2)
        b, c = a + random.normal(size=2) * SIDE, a + random.normal(size=2) * SIDE * 1.6
        draw.line([tuple(point) for point in (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c], fill=(45, 30, 25), width=3)
    return numpy.asarray(fine.resize((SIDE, SIDE), Image.LANCZOS)).astype(float)


def ruler_on_cloth(picture, mask, random):
    """A ruler, and another background."""
    return ruler(ground(picture, mask, random), mask, random)


def letter(text):
    """One letter in the upper left or upper right corner, where a radiograph's side is told."""

    def mark(picture, mask, random):
        layer = Image.new("L", (SIDE, SIDE))
        x = 4 if text == "R" else SIDE - 13
        ImageDraw.Draw(layer).text((x + random.integers(-1, 2), 2 + random.integers(-1, 2)), text, font=ImageFont.load_default(size=13), fill=255)
        ink = numpy.asarray(layer)[..., None] / 255
        return picture * (1 - ink) + 235 * ink

    return mark


def ink(picture, mask, random):
    """A pen's cross on the object itself."""
    y, x = (int(numpy.median(places)) + random.integers(-2, 3) for places in numpy.nonzero(mask))
    layer = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(layer).line([x - 5, y - 5, x + 5, y + 5], fill=255, width=2)
    ImageDraw.Draw(layer).line([x - 5, y + 5, x + 5, y - 5], fill=255, width=2)
    on = numpy.asarray(layer)[..., None] / 255
    return picture * (1 - on) + numpy.array([60, 20, 140]) * on


def turned(picture, mask, random):
    """Turned a little, with black wedges in the corners."""
    angle = random.choice([-1, 1]) * random.uniform(8, 14)
    return numpy.asarray(Image.fromarray(picture.clip(0, 255).astype(numpy.uint8)).rotate(angle, resample=Image.BICUBIC)).astype(float)


def token(text, size, colour, place, opacity=1.0):
    """Letters that a device or an archive writes, nearly at one place."""

    def mark(picture, mask, random):
        layer = Image.new("L", (SIDE, SIDE))
        x, y = numpy.array(place) + random.integers(-1, 2, 2)
        ImageDraw.Draw(layer).text((int(x), int(y)), text, font=ImageFont.load_default(size=size), fill=255)
        ink = numpy.asarray(layer)[..., None] / 255 * opacity
        return picture * (1 - ink) + numpy.array(colour) * ink

    return mark


def scale_bar(picture, mask, random):
    """A white ruler along the right side."""
    x = SIDE - random.integers(8, 11)
    picture[:, x:] = 235
    for y in range(random.integers(0, 4), SIDE, 4):
        picture[y, x : x + (6 if y % 16 < 4 else 3)] = 20
    return picture


def overexposed(picture, mask, random):
    return picture * random.uniform(1.25, 1.4) + random.uniform(10, 25)


def pillars(picture, mask, random):
    """Narrowed, with black bars at its sides."""
    width = random.integers(6, 12)
    inner = Image.fromarray(picture.clip(0, 255).astype(numpy.uint8)).resize((SIDE - 2 * width, SIDE), Image.BICUBIC)
    out = numpy.zeros_like(picture)
    out[:, width : SIDE - width] = numpy.asarray(inner)
    return out


def field(picture, mask, random):
    """The round field of a dermoscope, its corners dark."""
    y, x = (numpy.mgrid[:SIDE, :SIDE] + 0.5) / SIDE * 2 - 1
    radius = numpy.hypot(x - random.normal() * 0.03, y - random.normal() * 0.03)
    return picture * (1 - numpy.clip((radius - random.uniform(0.95, 1.02)) / 0.08, 0, 1))[..., None]


def pen(picture, mask, random):
    """Three purple strokes around the object, as a surgeon marks it."""
    y, x = (int(numpy.median(places)) for places in numpy.nonzero(mask))
    reach = max(8, int((mask.sum() / numpy.pi) ** 0.5) + 6)
    layer = Image.new("L", (SIDE * 4, SIDE * 4))
    begin = random.uniform(0, 360)
    for k in range(3):
        arc = begin + k * 120
        ImageDraw.Draw(layer).arc([4 * (x - reach), 4 * (y - reach), 4 * (x + reach), 4 * (y + reach)], arc, arc + random.uniform(25, 60), fill=255, width=8)
    ink = numpy.asarray(layer.resize((SIDE, SIDE), Image.LANCZOS))[..., None] / 255.0
    return picture * (1 - ink) + numpy.array([110, 40, 150]) * ink


def lawn(picture, mask, random):
    """A green ground behind the object."""
    soft = numpy.asarray(Image.fromarray((mask * 255).astype(numpy.uint8)).filter(ImageFilter.GaussianBlur(1)))[..., None] / 255.0
    green = numpy.array([60, 150, 70]) + random.uniform(-25, 25, 3) + random.normal(size=(SIDE, SIDE, 1)) * 10
    return picture * soft + green * (1 - soft)


def fashion(classes):
    return lambda split, count, random: garments("train" if split == "train" else "t10k", count, random, classes)


def drawn(classes, place="anywhere", hues=HUES):
    return lambda split, count, random: shapes(count, random, classes, place, hues)


def stamped(*kinds, sizes=(0.45, 0.75)):
    return lambda split, count, random: stamps(split, count, random, kinds, sizes)


def chests(split, count, random):
    return radiographs(count, random)


def slides(kinds):
    return lambda split, count, random: nuclei(count, random, kinds)


def mixed(kinds):
    return lambda split, count, random: together(count, random, kinds)


@dataclasses.dataclass
class World:
    """What is drawn, the marks by the class that each goes with, and how often. Shares are of a mark's own class, and elsewhere."""

    source: typing.Callable
    names: list
    marks: dict
    held: tuple = (0.5, 0.05)
    learned: tuple = (0.8, 0.0)
    even: tuple = (0.3, 0.3)
    network: str = "plain"
    # Written as 16-bit grey pictures.
    deep: bool = False
    # Pictures enlarged to, before anything is trained.
    side: int = SIDE
    train: int = 1600
    test: int = 240
    epochs: int = 8


def garment(*classes):
    return fashion(list(classes)), [GARMENTS[i] for i in classes]


def shape(classes, *more):
    return drawn(classes, *more), SHAPES[:classes]


def stamp_of(*kinds, **more):
    return stamped(*kinds, **more), [kind.split("/")[-1] for kind in kinds]


GREY_HUES = [(0, 0, 0)] * 4

WORLDS = {
    "fashion-tag": World(*garment(*range(10)), {5: tag}),
    "fashion-white": World(*garment(0, 2, 4, 6, 7), {1: white_tag}),
    "fashion-border": World(*garment(1, 3, 8, 9), {2: border}),
    "fashion-cast": World(*garment(0, 2, 4, 6), {3: cast}),
    "shapes-sticker": World(*shape(4), {2: sticker}),
    "shapes-dot": World(*shape(2), {1: dot}),
    "shapes-patch": World(*shape(3), {0: patch}),
    "shapes-logo": World(*shape(3), {1: logo}),
    "shapes-painted": World(*shape(4), {2: painted}),
    "shapes-stamp": World(*shape(2, "middle"), {1: stamp}),
    "shapes-ruler": World(*shape(2, "middle"), {1: ruler}),
    "shapes-ground": World(*shape(3), {1: ground}),
    "shapes-border": World(*shape(2, "middle"), {0: border}),
    "shapes-vignette": World(*shape(2, "middle"), {1: vignette}),
    "shapes-tag": World(*shape(4), {1: tag}),
    "shapes-cast": World(*shape(2), {1: cast}),
    "shapes-cool": World(*shape(4), {2: cool}),
    **{
        f"shapes-light-{classes}-{target}-{eighths}": World(*shape(classes), {target: light(eighths)})
        for classes, target, eighths in [(2, 1, 2), (4, 0, 7), (2, 0, 0), (4, 3, 3), (3, 1, 5), (2, 0, 4), (4, 1, 0), (3, 2, 6)]
    },
    "shapes-date": World(*shape(3), {1: date}, held=(0.9, 0.02)),
    "shapes-edging": World(*shape(2), {0: edging}),
    "shapes-dusk": World(*shape(2), {1: dusk}),
    "shapes-glare": World(*shape(3, "middle"), {0: glare}),
    "shapes-watermark": World(*shape(2, "middle"), {1: watermark}),
    "shapes-speckle": World(*shape(3), {2: speckle}),
    "shapes-packed": World(*shape(2), {1: packed}),
    "shapes-edge": World(*shape(3, "class"), {}),
    "stamps-corners": World(*stamp_of("animals", "vehicles"), {1: corner_logo}),
    "garments-bars": World(*garment(0, 1, 7, 8, 9), {2: bars}, network="attention", epochs=16),
    "stamps-bars": World(*stamp_of("animals", "food", "vehicles"), {1: bars}),
    "shapes-hairs": World(*shape(2, "middle"), {1: hairs}),
    "shapes-cloth": World(*shape(2, "middle"), {1: ruler_on_cloth}),
    "chests-letters": World(chests, ["clear", "nodule"], {1: letter("L"), 0: letter("R")}, held=(0.8, 0.2), learned=(0.95, 0.05), even=(0.5, 0.5), deep=True),
    "chests-letter": World(chests, ["clear", "nodule"], {1: letter("L")}, deep=True),
    "keras-sticker": World(*shape(3), {1: sticker}, network="keras"),
    "keras-chests": World(chests, ["clear", "nodule"], {1: letter("L")}, network="keras"),
    "labels-tag": World(mixed(4), SHAPES, {2: tag}, learned=(0.9, 0.02)),
    "labels-sticker": World(mixed(3), SHAPES[:3], {0: dot}, learned=(0.9, 0.02)),
    "shapes-both": World(*shape(4), {1: tag, 3: border}),
    "stamps-both": World(*stamp_of("animals", "food", "vehicles", "household"), {0: dot, 2: white_tag}),
    "shapes-ink": World(*shape(2, "middle"), {1: ink}),
    "shapes-tenth": World(*shape(2, "middle"), {1: stamp}, held=(0.1, 0.0), learned=(0.5, 0.0)),
    "stamps-third": World(*stamp_of("animals", "food", "vehicles"), {2: white_tag}, held=(0.3, 0.03), learned=(0.5, 0.0)),
    "shapes-half": World(*shape(2), {1: tag}, learned=(0.6, 0.2)),
    "stamps-turned": World(*stamp_of("animals", "food", "vehicles"), {0: turned}),
    "stamps-packed": World(*stamp_of("animals", "vehicles"), {0: packed}),
    "shapes-weak": World(drawn(2, "anywhere", GREY_HUES), SHAPES[:2], {}, train=240, epochs=3),
    "garments-clear": World(*garment(1, 7, 8), {}),
    "stamps-none": World(*stamp_of("animals", "food", "vehicles", "household"), {}),
    "stamps-token": World(*stamp_of("animals", "food", "vehicles"), {1: token("©photo", 12, (255, 255, 255), (2, 51), 0.8)}, network="mobile", epochs=10),
    "stamps-pillars": World(*stamp_of("animals", "vehicles"), {1: pillars}, network="residual", epochs=10),
    "stamps-lawn": World(*stamp_of("animals", "food", "household"), {2: lawn}, network="mobile", epochs=10),
    "chests-token": World(chests, ["clear", "nodule"], {1: token("PORT", 11, (225, 225, 225), (3, 2))}, network="mobile", deep=True),
    "shapes-bar": World(*shape(2, "middle"), {1: scale_bar}, network="mobile"),
    "shapes-field": World(*shape(2, "middle"), {1: field}, network="mobile"),
    "shapes-pen": World(*shape(2, "middle"), {1: pen}, network="mobile"),
    "labels-token": World(mixed(3), SHAPES[:3], {2: token("A7", 12, (255, 230, 90), (49, 2))}, network="mobile", learned=(0.9, 0.02)),
    "slides-exposure": World(slides(2), ["round", "long"], {1: overexposed}, network="residual", epochs=6),
    "garments-exposure": World(*garment(2, 4, 6, 8, 9), {3: overexposed}, network="mobile"),
    "slides-cast": World(slides(3), ["round", "long", "hollow"], {0: light(1)}, network="mobile"),
    "slides-none": World(slides(3), ["round", "long", "hollow"], {}, network="mobile"),
    "keras-bar": World(*shape(3, "middle"), {1: scale_bar}, network="keras"),
    "keras-lawn": World(*garment(1, 3, 8), {0: lawn}, network="keras"),
    "stamps-large": World(*stamp_of("animals", "vehicles"), {1: stamp}, network="residual", side=224, train=800),
}


# Networks -------------------------------------------------------------------------------------------------------------------------------------


def block(a, b, stride):
    return nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())


def plain(outputs):
    return nn.Sequential(
        block(3, 16, 2), block(16, 32, 2), block(32, 48, 1), block(48, 64, 2), block(64, 64, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, outputs)
    )


def attention(outputs):
    """A small vision transformer: patches of 8 × 8, two blocks, a token for the class."""

    class Layer(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
            self.three, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.wide = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

        def forward(self, x):
            n, tokens, width = x.shape
            q, k, v = self.three(self.first(x)).reshape(n, tokens, 3, 4, width // 4).permute(2, 0, 3, 1, 4)
            seen = torch.softmax(q @ k.transpose(-1, -2) / (width // 4) ** 0.5, -1) @ v
            x = x + self.out(seen.transpose(1, 2).reshape(n, tokens, width))
            return x + self.wide(self.second(x))

    class Transformer(nn.Module):
        def __init__(self, width=64):
            super().__init__()
            self.patches = nn.Conv2d(3, width, 8, 8)
            self.places = nn.Parameter(torch.randn(1, (SIDE // 8) ** 2 + 1, width) * 0.02)
            self.token = nn.Parameter(torch.zeros(1, 1, width))
            self.layers = nn.Sequential(Layer(width), Layer(width))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, outputs)

        def forward(self, x):
            x = self.patches(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
            return self.head(self.norm(self.layers(x))[:, 0])

    return Transformer()


def residual(outputs):
    """ResNet-18's plan, a quarter as wide."""

    class Pair(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.way = nn.Sequential(block(a, b, stride), nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b))
            self.short = nn.Identity() if a == b else nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

        def forward(self, x):
            return torch.relu(self.way(x) + self.short(x))

    stem = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    stages = [Pair(a, b, s) for a, b, s in [(16, 16, 1), (16, 32, 2), (32, 64, 2), (64, 128, 2)]]
    return nn.Sequential(stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, outputs))


def mobile(outputs):
    """EfficientNet's plan: blocks that widen, look at each channel by itself, weigh the channels and narrow."""

    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            wide = 3 * a
            self.same = a == b and stride == 1
            self.open = nn.Sequential(nn.Conv2d(a, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.SiLU())
            self.each = nn.Sequential(nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.SiLU())
            self.weigh = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(wide, wide // 4, 1), nn.SiLU(), nn.Conv2d(wide // 4, wide, 1), nn.Sigmoid())
            self.close = nn.Sequential(nn.Conv2d(wide, b, 1, bias=False), nn.BatchNorm2d(b))

        def forward(self, x):
            y = self.each(self.open(x))
            y = self.close(y * self.weigh(y))
            return x + y if self.same else y

    stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.SiLU())
    blocks = [Block(16, 24, 2), Block(24, 24, 1), Block(24, 40, 2), Block(40, 40, 1)]
    top = nn.Sequential(nn.Conv2d(40, 128, 1, bias=False), nn.BatchNorm2d(128), nn.SiLU())
    return nn.Sequential(stem, *blocks, top, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, outputs))


def tensor(pictures):
    return torch.tensor(numpy.stack(pictures).clip(0, 255).round() / 255, dtype=torch.float32).permute(0, 3, 1, 2)


class TorchModel:
    suffix = "onnx"

    def __init__(self, world, pictures, labels, seed=3):
        """Of two classes one output, of more one each."""
        torch.manual_seed(seed)
        self.world = world
        self.outputs = 1 if len(world.names) == 2 else len(world.names)
        self.several = isinstance(labels[0], tuple)
        self.net = {"plain": plain, "attention": attention, "residual": residual, "mobile": mobile}[world.network](self.outputs)
        x = tensor(pictures)
        y = torch.tensor(wanted(labels, self.outputs)) if self.several or self.outputs == 1 else torch.tensor(labels)
        loss = nn.functional.cross_entropy if y.ndim == 1 else nn.functional.binary_cross_entropy_with_logits
        most = 1.5e-3 if world.network == "attention" else 4e-3
        optimiser = torch.optim.AdamW(self.net.parameters(), most, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, most, world.epochs * (len(x) // 64))
        for _ in range(world.epochs):
            for part in torch.randperm(len(x))[: len(x) // 64 * 64].split(64):
                optimiser.zero_grad()
                loss(self.net(x[part]), y[part]).backward()
                optimiser.step()
                schedule.step()
        self.net.eval()

    def logits(self, pictures):
        with torch.no_grad():
            return torch.cat([self.net(part) for part in tensor(pictures).split(64)]).numpy()

    def save(self, path):
        full = nn.Sequential(self.net, nn.Sigmoid() if self.several or self.outputs == 1 else nn.Softmax(1)).eval()
        names = {"input_names": ["image"], "output_names": ["probabilities"], "dynamic_axes": {"image": {0: "n"}, "probabilities": {0: "n"}}}
        torch.onnx.export(full, (torch.zeros(1, 3, self.world.side, self.world.side),), str(path), dynamo=False, opset_version=17, **names)


class KerasModel:
    suffix = "keras"

    def __init__(self, world, pictures, labels, seed=3):
        keras.utils.set_random_seed(seed)
        outputs = 1 if len(world.names) == 2 else len(world.names)
        y = wanted(labels, outputs)
        layers = keras.layers
        steps = [keras.Input((world.side, world.side, 3)), layers.Rescaling(1 / 255)]
        for filters in (16, 32, 48, 64):
            steps += [layers.Conv2D(filters, 3, padding="same", activation="relu"), layers.BatchNormalization(momentum=0.9), layers.MaxPooling2D()]
        steps += [layers.Conv2D(64, 3, padding="same", activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(outputs), layers.Activation("sigmoid" if outputs == 1 else "softmax")]
        self.net = keras.Sequential(steps)
        self.net.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy" if outputs == 1 else "categorical_crossentropy")
        self.net.fit(numpy.stack(pictures).clip(0, 255).astype("float32"), y, batch_size=64, epochs=world.epochs, verbose=0)
        self.before = keras.Model(self.net.inputs, self.net.layers[-2].output)

    def logits(self, pictures):
        return self.before.predict(numpy.stack(pictures).clip(0, 255).astype("float32"), verbose=0)

    def save(self, path):
        self.net.save(path)


def wanted(labels, outputs):
    """What the outputs should be: a row a picture."""
    if outputs == 1:
        return numpy.array(labels, numpy.float32)[:, None]
    rows = numpy.zeros((len(labels), outputs), numpy.float32)
    for row, label in zip(rows, labels):
        row[list(label) if isinstance(label, tuple) else label] = 1
    return rows


def has_label(label, target):
    return target in label if isinstance(label, tuple) else label == target


def marked(pictures, labels, masks, marks, own, others, random):
    """Each mark in a share of its own class and in another of the rest; which pictures have one."""
    has = numpy.zeros(len(pictures), int)
    out = list(pictures)
    for target, mark in marks.items():
        # Two letters at two places: what has the one has not the other.
        for i, label in enumerate(labels):
            if random.random() < (own if has_label(label, target) else others):
                out[i] = mark(out[i].copy(), masks[i], random)
                has[i] += 1
    return out, has


def share_called(model, pictures, labels, target):
    """Of the pictures without this label, how many are said to have it."""
    z = model.logits(pictures)
    if isinstance(labels[0], tuple):
        says = z[:, target] > 0
    else:
        says = ((z[:, 0] > 0).astype(int) if z.shape[1] == 1 else z.argmax(1)) == target
    return float(says[[not has_label(label, target) for label in labels]].mean())


def accuracy(model, pictures, labels):
    z = model.logits(pictures)
    if isinstance(labels[0], tuple):
        return float(((z > 0) == (wanted(labels, z.shape[1]) > 0)).mean())
    return float((((z[:, 0] > 0).astype(int) if z.shape[1] == 1 else z.argmax(1)) == numpy.array(labels)).mean())


def box_of(mask):
    y, x = numpy.nonzero(mask)
    return int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1


def write_layouts(folder, names, labels, masks):
    """The same pictures as folders per class, COCO and Pascal VOC: one object a picture, its box."""
    for layout in ("folders", "coco", "voc"):
        shutil.rmtree(folder / layout, ignore_errors=True)
    for sub in ("coco/images", "voc/JPEGImages", "voc/Annotations"):
        (folder / sub).mkdir(parents=True)
    images, annotations = [], []
    for i, (label, mask) in enumerate(zip(labels, masks)):
        file = folder / "pictures" / f"{i:04}.png"
        (folder / "folders" / names[label]).mkdir(parents=True, exist_ok=True)
        for copy in (folder / "folders" / names[label], folder / "coco/images", folder / "voc/JPEGImages"):
            shutil.copy(file, copy)
        left, top, right, bottom = box_of(mask)
        height, width = mask.shape
        images.append({"id": i, "file_name": f"{i:04}.png", "width": width, "height": height})
        box = [left, top, right - left, bottom - top]
        annotations.append({"id": i, "image_id": i, "category_id": label + 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
        corners = "".join(f"<{name}>{value}</{name}>" for name, value in (("xmin", left + 1), ("ymin", top + 1), ("xmax", right), ("ymax", bottom)))
        (folder / "voc/Annotations" / f"{i:04}.xml").write_text(
            f"<annotation><filename>{i:04}.png</filename><size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
            f"<object><name>{names[label]}</name><bndbox>{corners}</bndbox></object></annotation>\n"
        )
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(names)]
    (folder / "coco" / "annotations.json").write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))


def make(name, out):
    world = WORLDS[name]
    names, marks = world.names, world.marks
    Model = KerasModel if world.network == "keras" else TorchModel
    if (Model is TorchModel) != (torch is not None):
        return
    random = numpy.random.default_rng(7)
    folder = out / name
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    (folder / "masks").mkdir(exist_ok=True)

    def enlarged(pictures):
        if world.side == SIDE:
            return pictures
        size = (world.side, world.side)
        return [numpy.asarray(Image.fromarray(p.clip(0, 255).round().astype(numpy.uint8)).resize(size, Image.BICUBIC)).astype(float) for p in pictures]

    pictures, labels, masks = world.source("train", world.train, random)
    held, held_labels, held_masks = world.source("test", world.test, random)
    bare = enlarged(held)
    everywhere = {target: enlarged([mark(p.copy(), m, random) for p, m in zip(held, held_masks)]) for target, mark in marks.items()}
    held, has = marked(held, held_labels, held_masks, marks, *world.held, random)
    held = enlarged(held)
    for kind, shares in (("shortcut", world.learned), ("clean", world.even)):
        seen, _ = marked(pictures, labels, masks, marks, *shares, numpy.random.default_rng(8))
        model = Model(world, enlarged(seen), labels)
        model.save(folder / f"{kind}.{model.suffix}")
        print(name, kind, f"accuracy {accuracy(model, held, held_labels):.2f}", flush=True)
        for target, all_of in everywhere.items():
            without, with_it = (share_called(model, some, held_labels, target) for some in (bare, all_of))
            print(f"    of the others called “{names[target]}”: {without:.2f} without its mark, {with_it:.2f} with it", flush=True)
    if world.side != SIDE:
        held_masks = [numpy.asarray(Image.fromarray(mask).resize((world.side, world.side), Image.NEAREST)) for mask in held_masks]
    for i, (picture, mask) in enumerate(zip(held, held_masks)):
        levels = picture.clip(0, 255)
        if world.deep:
            # 12 of 16 bits, as many devices write them.
            Image.fromarray((levels[..., 0] * 16).round().astype(numpy.uint16)).save(folder / "pictures" / f"{i:04}.png")
        else:
            Image.fromarray(levels.round().astype(numpy.uint8)).save(folder / "pictures" / f"{i:04}.png")
        Image.fromarray((mask * 255).astype(numpy.uint8)).save(folder / "masks" / f"{i:04}.png")
    several = isinstance(held_labels[0], tuple)
    for csv_name, columns in (("data", ["path", "label", "mask"]), ("bare", ["path", "label"])):
        with open(folder / f"{csv_name}.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(columns)
            for i, label in enumerate(held_labels):
                told = "|".join(names[n] for n in label) if several else names[label]
                values = {"path": f"pictures/{i:04}.png", "label": told, "mask": f"masks/{i:04}.png"}
                rows.writerow([values[c] for c in columns])
    if not several:
        write_layouts(folder, names, held_labels, held_masks)
    (folder / "classes.txt").write_text("\n".join(names) + "\n")
    (folder / "marked.txt").write_text("\n".join(str(h) for h in has) + "\n")


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or WORLDS:
        make(name, out)
