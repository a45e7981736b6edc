"""Pictures with their labels and masks, before any mark: Fashion-MNIST, Tux Paint's stamps, drawn shapes, radiographs, nuclei."""

import functools
import gzip
import pathlib

import numpy
from PIL import Image, ImageDraw

SIDE = 64
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
GARMENTS = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]
STAMPS = pathlib.Path("/usr/share/tuxpaint/stamps")


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
