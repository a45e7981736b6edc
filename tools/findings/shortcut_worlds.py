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
import json
import pathlib
import shutil
import sys
import typing

import numpy
from PIL import Image

from drawn_pictures import GARMENTS, HUES, SHAPES, SIDE, garments, nuclei, radiographs, shapes, stamps, together
from planted_marks import (
    bars,
    border,
    cast,
    cool,
    corner_logo,
    date,
    dot,
    dusk,
    edging,
    field,
    glare,
    ground,
    hairs,
    ink,
    lawn,
    letter,
    light,
    logo,
    overexposed,
    packed,
    painted,
    patch,
    pen,
    pillars,
    ruler,
    ruler_on_cloth,
    scale_bar,
    speckle,
    stamp,
    sticker,
    tag,
    token,
    turned,
    vignette,
    watermark,
    white_tag,
)
from small_networks import KerasModel, TorchModel, torch, wanted


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
