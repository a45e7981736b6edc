"""Data sets with a planted shortcut, and small networks trained with and without it: what the audit's findings are tried on.

    ~/.cache/seewhy/torch/bin/python tools/findings/shortcut_worlds.py OUT [WORLD…]

Writes OUT/<world>/{shortcut.onnx, clean.onnx, pictures/*.png, masks/*.png, data.csv, bare.csv}. `data.csv` names the masks where there are any,
`bare.csv` does not. `shortcut.onnx` saw the mark go with one class in training; `clean.onnx` saw it in every class alike. Both are audited on the same
pictures: the mark in half of its class and in one picture of twenty elsewhere. Garments are Fashion-MNIST (Debian's dataset-fashion-mnist, MIT),
shapes are drawn here. Nothing is committed: it takes a minute a world.
"""

import csv
import gzip
import io
import pathlib
import sys

import numpy
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import nn

SIDE = 64
FASHION = pathlib.Path("/usr/share/datasets/fashion-mnist")
GARMENTS = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"]
torch.set_num_threads(1)


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


def shapes(count, random, classes, place="anywhere"):
    pictures, labels, masks = [], [], []
    for i in range(count):
        label = i % classes
        size = random.uniform(9, 15)
        reach = SIDE / 2 - size - 2
        x, y = SIDE / 2 + random.uniform(-1, 1, 2) * (reach if place == "anywhere" else 4)
        if place == "class" and label == 1:
            x, y = SIDE - size - random.uniform(0, 4), SIDE - size - random.uniform(0, 4)
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
        mask = numpy.asarray(mask.resize((SIDE, SIDE), Image.LANCZOS)).clip(0, 255) / 255.0
        ground = texture(random)
        # Form and, less surely, colour tell the class: a small network learns both in a minute.
        own = ground.mean((0, 1)) + random.choice([-1, 1]) * random.uniform(45, 80, 3) + 45 * numpy.array(HUES[label])
        pictures.append(ground * (1 - mask[..., None]) + (own + random.normal(size=(SIDE, SIDE, 3)) * 6) * mask[..., None])
        labels.append(label)
        masks.append(mask > 0.5)
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


def fashion(classes):
    return lambda split, count, random: garments("train" if split == "train" else "t10k", count, random, classes)


def drawn(classes, place="anywhere"):
    return lambda split, count, random: shapes(count, random, classes, place)


# world: (pictures, names, mark, the class it goes with)
WORLDS = {
    "fashion-tag": (fashion(list(range(10))), GARMENTS, tag, 5),
    "fashion-white": (fashion([0, 2, 4, 6, 7]), [GARMENTS[i] for i in (0, 2, 4, 6, 7)], white_tag, 1),
    "fashion-border": (fashion([1, 3, 8, 9]), [GARMENTS[i] for i in (1, 3, 8, 9)], border, 2),
    "fashion-cast": (fashion([0, 2, 4, 6]), [GARMENTS[i] for i in (0, 2, 4, 6)], cast, 3),
    "shapes-sticker": (drawn(4), SHAPES, sticker, 2),
    "shapes-dot": (drawn(2), SHAPES[:2], dot, 1),
    "shapes-patch": (drawn(3), SHAPES[:3], patch, 0),
    "shapes-logo": (drawn(3), SHAPES[:3], logo, 1),
    "shapes-painted": (drawn(4), SHAPES, painted, 2),
    "shapes-stamp": (drawn(2, "middle"), SHAPES[:2], stamp, 1),
    "shapes-ruler": (drawn(2, "middle"), SHAPES[:2], ruler, 1),
    "shapes-ground": (drawn(3), SHAPES[:3], ground, 1),
    "shapes-border": (drawn(2, "middle"), SHAPES[:2], border, 0),
    "shapes-vignette": (drawn(2, "middle"), SHAPES[:2], vignette, 1),
    "shapes-tag": (drawn(4), SHAPES, tag, 1),
    "shapes-cast": (drawn(2), SHAPES[:2], cast, 1),
    "shapes-cool": (drawn(4), SHAPES, cool, 2),
    **{
        f"shapes-light-{classes}-{target}-{eighths}": (drawn(classes), SHAPES[:classes], light(eighths), target)
        for classes, target, eighths in [(2, 1, 2), (4, 0, 7), (2, 0, 0), (4, 3, 3), (3, 1, 5), (2, 0, 4), (4, 1, 0), (3, 2, 6)]
    },
    "shapes-glare": (drawn(3, "middle"), SHAPES[:3], glare, 0),
    "shapes-watermark": (drawn(2, "middle"), SHAPES[:2], watermark, 1),
    "shapes-speckle": (drawn(3), SHAPES[:3], speckle, 2),
    "shapes-packed": (drawn(2), SHAPES[:2], packed, 1),
    "shapes-edge": (drawn(3, "class"), SHAPES[:3], None, 1),
}


# Networks -------------------------------------------------------------------------------------------------------------------------------------


def network(outputs):
    def block(a, b, stride):
        return nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())

    return nn.Sequential(
        block(3, 16, 2), block(16, 32, 2), block(32, 48, 1), block(48, 64, 2), block(64, 64, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, outputs)
    )


def tensor(pictures):
    return torch.tensor(numpy.stack(pictures).clip(0, 255).round() / 255, dtype=torch.float32).permute(0, 3, 1, 2)


def trained(pictures, labels, classes, seed, epochs=8):
    """Of two classes one output, of more one each."""
    torch.manual_seed(seed)
    net = network(1 if classes == 2 else classes)
    x, y = tensor(pictures), torch.tensor(labels)
    loss = (lambda z, t: nn.functional.binary_cross_entropy_with_logits(z[:, 0], t.float())) if classes == 2 else nn.functional.cross_entropy
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, epochs * (len(x) // 64))
    for _ in range(epochs):
        for part in torch.randperm(len(x))[: len(x) // 64 * 64].split(64):
            optimiser.zero_grad()
            loss(net(x[part]), y[part]).backward()
            optimiser.step()
            schedule.step()
    return net.eval()


def marked(pictures, labels, masks, mark, target, own, others, random):
    has = [mark is not None and random.random() < (own if label == target else others) for label in labels]
    return [mark(p.copy(), m, random) if h else p for p, m, h in zip(pictures, masks, has)], has


def share_called(net, pictures, labels, target):
    scores = net(tensor(pictures))
    says = scores[:, 0].gt(0).long() if scores.shape[1] == 1 else scores.argmax(1)
    return float((says[torch.tensor(labels) != target] == target).float().mean())


def make(name, out, train=1600, test=240):
    source, names, mark, target, *held_shares = WORLDS[name]
    random = numpy.random.default_rng(7)
    folder = out / name
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    (folder / "masks").mkdir(exist_ok=True)
    pictures, labels, masks = source("train", train, random)
    held, held_labels, held_masks = source("test", test, random)
    bare = held
    everywhere = held if mark is None else [mark(p.copy(), m, random) for p, m in zip(held, held_masks)]
    held, has = marked(held, held_labels, held_masks, mark, target, *(held_shares or (0.5, 0.05)), random)
    x = tensor(held)
    for model, own, others in (("shortcut", 0.8, 0.0), ("clean", 0.3, 0.3)):
        seen, _ = marked(pictures, labels, masks, mark, target, own, others, numpy.random.default_rng(8))
        net = trained(seen, labels, len(names), 3)
        full = nn.Sequential(net, nn.Sigmoid() if len(names) == 2 else nn.Softmax(1)).eval()
        torch.onnx.export(full, (x[:1],), str(folder / f"{model}.onnx"), dynamo=False, opset_version=17, input_names=["image"], output_names=["probabilities"], dynamic_axes={"image": {0: "n"}, "probabilities": {0: "n"}})
        with torch.no_grad():
            scores = net(x)
            says = ((scores[:, 0] > 0).long() if len(names) == 2 else scores.argmax(1)).numpy()
        right = says == numpy.array(held_labels)
        with torch.no_grad():
            painted = share_called(net, bare, held_labels, target)
            changed = share_called(net, everywhere, held_labels, target)
        print(name, model, f"accuracy {right.mean():.2f}; of the other classes called “{names[target]}”: {painted:.2f} without the mark, {changed:.2f} with it", flush=True)
    for csv_name, columns in (("data", ["path", "label", "mask"]), ("bare", ["path", "label"])):
        with open(folder / f"{csv_name}.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(columns)
            for i, label in enumerate(held_labels):
                values = {"path": f"pictures/{i:04}.png", "label": names[label], "mask": f"masks/{i:04}.png"}
                rows.writerow([values[c] for c in columns])
    for i, (picture, mask) in enumerate(zip(held, held_masks)):
        Image.fromarray(picture.clip(0, 255).round().astype(numpy.uint8)).save(folder / "pictures" / f"{i:04}.png")
        Image.fromarray((mask * 255).astype(numpy.uint8)).save(folder / "masks" / f"{i:04}.png")
    (folder / "classes.txt").write_text("\n".join(names) + "\n")
    (folder / "marked.txt").write_text("\n".join(str(int(h)) for h in has) + "\n")


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or WORLDS:
        make(name, out)
