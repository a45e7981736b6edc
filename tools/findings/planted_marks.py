"""Marks: each takes a picture (floats 0..255), its mask and a random generator, and returns the picture with the mark."""

import io

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from drawn_pictures import SIDE


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
