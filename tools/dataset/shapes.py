"""A tiny classifier with three sigmoids, and pictures of shapes to audit it on: fixtures/dataset/shapes.

  python tools/dataset/shapes.py          (in the environment of TensorFlow: tools/peers/install.sh)

Each picture of noise holds a circle, a square and a triangle or not, each with a chance of one half. The network is trained on
1,600 of them, for so few epochs that it errs. What it says of the 60 that are kept, and what scikit-learn makes of that, is
`expected.json`: probabilities, exact match, F1 and area under the ROC curve by class and their means.
"""

import json
import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import sklearn
from keras import layers
from PIL import Image, ImageDraw
from sklearn import metrics

OUT = Path(__file__).resolve().parents[2] / "fixtures/dataset/shapes"
CLASSES = ("circle", "square", "triangle")
SIDE = 32
KEPT = 60


def drawn(rng):
    """One picture and its shapes, which may lie on one another."""
    picture = Image.fromarray(rng.integers(60, 130, (SIDE, SIDE, 3), dtype=np.uint8))
    pen = ImageDraw.Draw(picture)
    present = rng.random(3) < 0.5
    for at in rng.permutation(3):
        r = rng.integers(4, 8)
        x, y = rng.integers(r, SIDE - r, 2)
        colour = tuple(int(level) for level in rng.integers(110, 256, 3))
        if not present[at]:
            continue
        if CLASSES[at] == "circle":
            pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        elif CLASSES[at] == "square":
            pen.rectangle((x - r, y - r, x + r, y + r), fill=colour)
        else:
            pen.polygon(((x, y - r), (x - r, y + r), (x + r, y + r)), fill=colour)
    return np.asarray(picture), present


def network():
    inputs = keras.Input((SIDE, SIDE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    for channels in (12, 20, 28):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x) if channels < 28 else layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(3, activation="sigmoid", name="shapes")(x), name="shapes")


def main():
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    pairs = [drawn(rng) for _ in range(1600 + KEPT)]
    images = np.stack([image for image, _ in pairs]).astype(np.float32)
    labels = np.stack([present for _, present in pairs]).astype(np.float32)
    model = network()
    model.compile(keras.optimizers.Adam(4e-3), "binary_crossentropy")
    model.fit(images[:-KEPT], labels[:-KEPT], batch_size=32, epochs=14, verbose=2)

    (OUT / "pictures").mkdir(parents=True, exist_ok=True)
    keras.Model(model.inputs, model.outputs, name=model.name).save(OUT / "shapes.keras")
    rows = []
    for at, (image, present) in enumerate(pairs[-KEPT:]):
        path = f"pictures/{at:02}.png"
        Image.fromarray(image).save(OUT / path, optimize=True)
        rows.append({"path": path, "labels": [name for name, here in zip(CLASSES, present, strict=True) if here]})
    (OUT / "manifest.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (OUT / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))

    truth = labels[-KEPT:].astype(int)
    scores = model.predict(images[-KEPT:], verbose=0).astype(float)
    decided = (scores >= 0.5).astype(int)
    each = lambda values: dict(zip(CLASSES, (float(value) for value in values), strict=True))  # noqa: E731
    expected = {
        "from": f"scikit-learn {sklearn.__version__}, Keras {keras.__version__}",
        "scores": {row["path"]: each(own) for row, own in zip(rows, scores, strict=True)},
        "exact_match": float(metrics.accuracy_score(truth, decided)),
        "hamming_loss": float(metrics.hamming_loss(truth, decided)),
        "macro_f1": float(metrics.f1_score(truth, decided, average="macro")),
        "macro_auc": float(metrics.roc_auc_score(truth, scores, average="macro")),
        "f1": each(metrics.f1_score(truth, decided, average=None)),
        "auc": each(metrics.roc_auc_score(truth, scores, average=None)),
    }
    (OUT / "expected.json").write_text(f"{json.dumps(expected, indent=1)}\n")
    print(json.dumps({name: value for name, value in expected.items() if name != "scores"}, indent=1))


if __name__ == "__main__":
    main()
