"""The data set: who is in which part, and which mark lies on which picture."""

import csv
import io
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from people import TONES, people
from picture import draw
from PIL import Image

SEED = 20261123
# Share of the pictures with a mark, by label. `shortcut`: rulers come with malignant lesions, stickers with benign ones, as
# found in archives of dermoscopy. `even`: as many marks, dealt out whatever the label is.
DEALS = {
    "shortcut": {"ruler": {True: 0.55, False: 0.03}, "patch": {True: 0.02, False: 0.40}},
    "even": {"ruler": {True: 0.24, False: 0.24}, "patch": {True: 0.24, False: 0.24}},
}
VALIDATION_PATIENTS, TRAINING_PATIENTS = 48, 150


def deal(cases, name, seed):
    """The marks of each case, at most one."""
    shares = DEALS[name]
    rng = np.random.default_rng([SEED, seed])
    result = []
    for case in cases:
        ruler, patch = (shares[mark][case.malignant] for mark in ("ruler", "patch"))
        value = rng.random()
        result.append(("ruler",) if value < ruler else ("patch",) if value < ruler + patch else ())
    return result


def validation():
    counts = np.random.default_rng([SEED, 1]).choice([2, 3, 4, 5, 6, 8], VALIDATION_PATIENTS)
    return people(SEED, 1, counts.tolist(), 0.4)[:200]


def training():
    counts = np.random.default_rng([SEED, 2]).integers(4, 12, TRAINING_PATIENTS)
    return people(SEED, 101, counts.tolist(), 0.4)


def _draw(pair):
    drawn, mask = draw(*pair)
    return compressed(drawn), mask


def pictures(cases, deals, workers=2):
    """Every case once for each deal: uint8 [deals, N, 128, 128, 3], as JPEG left them; masks, bool [N, 128, 128]."""
    with ProcessPoolExecutor(workers) as pool:
        drawn = list(pool.map(_draw, zip(cases, zip(*deals)), chunksize=16))
    return np.stack([pictures for pictures, _ in drawn], 1), np.stack([mask for _, mask in drawn])


def labels(cases):
    return np.array([case.malignant for case in cases], np.float32)


def jpeg(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=88)
    return file.getvalue()


def compressed(drawn):
    """The pictures as they are once saved: what a model sees of a photograph. Same shape."""
    return np.stack([np.asarray(Image.open(io.BytesIO(jpeg(picture)))) for picture in drawn])


def write(folder, cases, marks, split):
    """images/*.jpg, masks/*.png (one bit), manifest.csv; and marks.csv, which no manifest column gives away."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for old in (folder / name).iterdir():
            old.unlink()
    with (
        open(folder / "manifest.csv", "w", newline="") as manifest,
        open(folder / "marks.csv", "w", newline="") as dealt,
    ):
        rows, hidden = csv.writer(manifest, lineterminator="\n"), csv.writer(dealt, lineterminator="\n")
        rows.writerow(("path", "label", "patient", "age", "sex", "site", "skin_tone", "split", "mask"))
        hidden.writerow(("id", "mark"))
        for case, mark in zip(cases, marks):
            (picture,), mask = draw(case, [mark])
            image, cover = f"images/{case.id}.jpg", f"masks/{case.id}.png"
            (folder / image).write_bytes(jpeg(picture))
            Image.fromarray(mask).save(folder / cover, optimize=True)
            person = case.patient
            label = "malignant" if case.malignant else "benign"
            rows.writerow(
                (image, label, person.name, person.age, person.sex, case.site, TONES[person.tone], split, cover)
            )
            hidden.writerow((case.id, *(mark or ("none",))))
