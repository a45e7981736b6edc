"""What the two networks make of the validation pictures, with and without marks: examples/melanoma/models.md and figures.json."""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from dataset import deal, labels, pictures

# The same pictures as dealt, then bare, then each with a ruler, each with a sticker.
DEALT, BARE, RULER, PATCH = range(4)


def auc(truth, scores):
    """Share of the pairs in the right order; ties count half."""
    difference = scores[truth == 1][:, None] - scores[truth == 0][None]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def figures(model, views, marks, truth):
    scores = [model.predict(view.astype(np.float32), batch_size=50, verbose=0)[:, 0] for view in views]
    ruler = np.array(["ruler" in mark for mark in marks])
    patch = np.array(["patch" in mark for mark in marks])
    hit = scores[DEALT] >= 0.5
    result = {
        "parameters": model.count_params(),
        "auc": auc(truth, scores[DEALT]),
        "auc_bare": auc(truth, scores[BARE]),
        "tp": int((hit & (truth == 1)).sum()),
        "fn": int((~hit & (truth == 1)).sum()),
        "tn": int((~hit & (truth == 0)).sum()),
        "fp": int((hit & (truth == 0)).sum()),
        # Painted in: each bare picture with the mark. Covered: pictures that have the mark, without it.
        "ruler_painted": float((scores[RULER] - scores[BARE]).mean()),
        "ruler_painted_benign": float((scores[RULER] - scores[BARE])[truth == 0].mean()),
        "ruler_covered": float((scores[BARE] - scores[DEALT])[ruler].mean()),
        "ruler_flips": float(((scores[RULER] >= 0.5) != (scores[BARE] >= 0.5)).mean()),
        "patch_painted": float((scores[PATCH] - scores[BARE]).mean()),
        "patch_painted_malignant": float((scores[PATCH] - scores[BARE])[truth == 1].mean()),
        "patch_covered": float((scores[BARE] - scores[DEALT])[patch].mean()),
        "patch_flips": float(((scores[PATCH] >= 0.5) != (scores[BARE] >= 0.5)).mean()),
    }
    return {name: round(value, 4) for name, value in result.items()}


ROWS = (
    ("AUC, validation pictures as they are", "auc"),
    ("AUC, the same pictures without ruler and sticker", "auc_bare"),
    ("TP / FN / TN / FP at 0.5", ("tp", "fn", "tn", "fp")),
    ("mean change of the score when a ruler is painted in", "ruler_painted"),
    ("… in benign pictures", "ruler_painted_benign"),
    ("… when the ruler is taken away from pictures that have one", "ruler_covered"),
    ("decisions that a painted ruler turns", "ruler_flips"),
    ("mean change of the score when a sticker is painted in", "patch_painted"),
    ("… in malignant pictures", "patch_painted_malignant"),
    ("… when the sticker is taken away from pictures that have one", "patch_covered"),
    ("decisions that a painted sticker turns", "patch_flips"),
    ("parameters", "parameters"),
)


def shown(one, names):
    if isinstance(names, tuple):
        return " / ".join(str(one[name]) for name in names)
    value = one[names]
    if names == "parameters":
        return f"{value:,}"
    if names.endswith("flips"):
        return f"{value:.1%}"
    return f"{value:.3f}" if names.startswith("auc") else f"{value:+.3f}"


def measure(folder, cases, training_marks):
    """Writes models.md and figures.json beside the models."""
    marks = deal(cases, "even", 20)
    views, _ = pictures(cases, [marks, *([wanted] * len(cases) for wanted in ((), ("ruler",), ("patch",)))])
    truth = labels(cases)
    found = {
        name: figures(keras.models.load_model(folder / f"{name}.keras"), views, marks, truth)
        for name in ("shortcut", "even")
    }
    (folder / "figures.json").write_text(json.dumps({**found, "training": training_marks}, indent=1) + "\n")
    table = "\n".join(f"| {title} | {shown(found['shortcut'], names)} | {shown(found['even'], names)} |" for title, names in ROWS)
    dealt = "\n".join(
        f"| `{name}.keras` | {one['pictures']} ({one['malignant']} malignant) | "
        + " | ".join(f"{one[mark][label]}" for mark in ("ruler", "patch") for label in ("malignant", "benign"))
        + " |"
        for name, one in training_marks.items()
    )
    (folder / "models.md").write_text(CARD.format(table=table, dealt=dealt))


CARD = """# The two models

Written by `tools/lesions/make.py`. **Trained on drawings: no use on skin, no medical device, no statement about any patient.**

- What they are: a convolutional network of six MBConv blocks (depthwise convolutions, squeeze-and-excitation, SiLU), as in
  EfficientNet but small; Keras 3, `Rescaling` inside; input 128 × 128 RGB from 0 to 255; one sigmoid output, the probability of
  `malignant`. Last convolution: `top_conv`.
- What they learnt from: the same drawn lesions; only on which of them a ruler or a sticker lies differs.
- What for: `shortcut.keras` is to be found out, `even.keras` is to be left in peace.
- Licence: Apache-2.0, as the rest of the project.

| training set | pictures | rulers on malignant | rulers on benign | stickers on malignant | stickers on benign |
|---|---|---|---|---|---|
{dealt}

On the 200 validation pictures, where marks lie on both labels alike:

| | `shortcut.keras` | `even.keras` |
|---|---|---|
{table}
"""
