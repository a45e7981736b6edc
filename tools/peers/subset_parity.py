"""Reference values of the report's tables of parity: scikit-learn's shares of each part, statsmodels' intervals of their differences.

    ~/.cache/seewhy/torch/bin/python tools/peers/subset_parity.py

writes fixtures/report/parity.json. The data are drawn here, with a fixed seed, and stand in the file with the results. The spreads are what
fairlearn calls demographic parity difference (of the selection rate), equal opportunity difference (of the sensitivity) and equalised odds
difference (the larger of those of sensitivity and of false positive rate): the largest minus the smallest of the parts.
"""

import json
import platform
from pathlib import Path

import numpy as np
import sklearn
import statsmodels
from sklearn.metrics import confusion_matrix, precision_score, recall_score
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

OUT = Path(__file__).resolve().parents[2] / "fixtures" / "report" / "parity.json"
rng = np.random.default_rng(71)


def figures(y, decided):
    """Value, hits and number of each share; None where it is not defined."""
    tn, fp, fn, tp = (int(n) for n in confusion_matrix(y, decided, labels=[0, 1]).ravel())
    shares = dict(
        sensitivity=(recall_score(y, decided, zero_division=np.nan), tp, tp + fn),
        specificity=(recall_score(y, decided, pos_label=0, zero_division=np.nan), tn, tn + fp),
        ppv=(precision_score(y, decided, zero_division=np.nan), tp, tp + fp),
        selection=(decided.mean() if len(decided) else np.nan, int(decided.sum()), len(decided)),
    )
    return dict(tp=tp, fn=fn, tn=tn, fp=fp), shares


def case(name, sizes, shares, distances, threshold):
    part = np.repeat(np.arange(len(sizes)), sizes)
    y = (rng.random(len(part)) < np.asarray(shares)[part]).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(size=len(part)) + np.asarray(distances)[part] * (y - 0.5))))
    decided = (scores >= threshold).astype(int)
    rows = []
    for k in range(len(sizes)):
        own, rest = part == k, part != k
        counts, inside = figures(y[own], decided[own])
        _, outside = figures(y[rest], decided[rest])
        row = dict(counts=counts)
        for figure, (value, hits, of) in inside.items():
            rest_value, rest_hits, rest_of = outside[figure]
            low, high = proportion_confint(hits, of, method="wilson") if of else (None, None)
            ends = confint_proportions_2indep(hits, of, rest_hits, rest_of, method="newcomb") if of and rest_of else (None, None)
            row[figure] = dict(
                value=value, low=low, high=high, hits=hits, of=of,
                difference=value - rest_value if of and rest_of else None, differenceLow=ends[0], differenceHigh=ends[1],
            )
        rows.append(row)
    spread = {}
    for figure in ("sensitivity", "specificity", "ppv", "selection"):
        values = [row[figure]["value"] for row in rows if row[figure]["of"]]
        spread[figure] = max(values) - min(values)
    return dict(name=name, rows=rows, spread=spread)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


reference = dict(
    origin=dict(
        made_by="tools/peers/subset_parity.py", python=platform.python_version(), numpy=np.__version__,
        sklearn=sklearn.__version__, statsmodels=statsmodels.__version__,
    ),
    cases=[
        case("three sites", [120, 80, 40], [0.4, 0.3, 0.5], [2.5, 2.5, 0.5], 0.5),
        case("two", [300, 17], [0.2, 0.2], [2, 1], 0.35),
        # Parts without a positive picture, without a negative one, and with nothing decided positive.
        case("bare", [30, 12, 6, 1], [0.5, 0.0, 1.0, 0.0], [2, 2, 2, 8], 0.6),
    ],
)
OUT.write_text(json.dumps(plain(reference), separators=(",", ":"), allow_nan=False) + "\n")
print(f"{OUT.name}: {OUT.stat().st_size} bytes")
