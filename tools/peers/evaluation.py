"""Reference values of the report's metrics: scikit-learn, scipy and statsmodels, or the definition in the plainest numpy.

    ~/.cache/seewhy/torch/bin/python tools/peers/evaluation.py

writes fixtures/report/evaluation.json. The data are drawn here, with a fixed seed, and stand in the file with the results.
"""

import json
import platform
import warnings
from pathlib import Path

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import ndimage, special, stats
from sklearn import metrics
from sklearn.calibration import calibration_curve
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

OUT = Path(__file__).resolve().parents[2] / "fixtures" / "report" / "evaluation.json"
rng = np.random.default_rng(20241)
warnings.filterwarnings("ignore")


def plain(value):
    """For JSON: NaN and infinities become null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def kernel(positive, negative):
    """DeLong's kernel, all pairs: 1 where the positive scores higher, 1/2 where equal."""
    return (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])


def delong(y, *scores):
    """Covariance of AUCs by the definition of DeLong et al. 1988 (all m × n pairs)."""
    m, n = int(np.sum(y == 1)), int(np.sum(y == 0))
    v10 = np.array([kernel(s[y == 1], s[y == 0]).mean(axis=1) for s in scores])
    v01 = np.array([kernel(s[y == 1], s[y == 0]).mean(axis=0) for s in scores])
    covariance = np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n
    return v10.mean(axis=1), covariance


def binary(name, scores, y, thresholds):
    at = []
    for threshold in thresholds:
        decided = (scores >= threshold).astype(int)
        tn, fp, fn, tp = metrics.confusion_matrix(y, decided, labels=[0, 1]).ravel()
        wilson = lambda k, of: proportion_confint(k, of, method="wilson") if of else (np.nan, np.nan)
        at.append(
            dict(
                threshold=threshold, tp=tp, fn=fn, tn=tn, fp=fp,
                sensitivity=metrics.recall_score(y, decided, zero_division=np.nan),
                specificity=metrics.recall_score(y, decided, pos_label=0, zero_division=np.nan),
                ppv=metrics.precision_score(y, decided, zero_division=np.nan),
                npv=metrics.precision_score(y, decided, pos_label=0, zero_division=np.nan),
                accuracy=metrics.accuracy_score(y, decided),
                balancedAccuracy=metrics.balanced_accuracy_score(y, decided),
                f1=metrics.f1_score(y, decided, zero_division=np.nan),
                # scikit-learn says 0 where a margin is empty; there is no correlation then.
                mcc=metrics.matthews_corrcoef(y, decided) if 0 < decided.sum() < len(y) else np.nan,
                wilson=dict(
                    sensitivity=wilson(tp, tp + fn), specificity=wilson(tn, tn + fp), ppv=wilson(tp, tp + fp),
                    npv=wilson(tn, tn + fn), accuracy=wilson(tp + tn, len(y)),
                ),
            )
        )
    fpr, tpr, roc_thresholds = metrics.roc_curve(y, scores, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(y, scores)
    auc, covariance = delong(y, scores)
    calibration = {}
    for kind, strategy in (("width", "uniform"), ("mass", "quantile")):
        observed, promised = calibration_curve(y, scores, n_bins=10, strategy=strategy)
        calibration[kind] = dict(observed=observed, promised=promised)
    best = {}
    for criterion in ("youden", "f1", "mcc", "accuracy"):
        values = []
        for threshold in np.r_[np.inf, np.unique(scores)[::-1]]:
            d = (scores >= threshold).astype(int)
            values.append(dict(
                youden=lambda: metrics.balanced_accuracy_score(y, d) * 2 - 1,
                f1=lambda: metrics.f1_score(y, d),
                mcc=lambda: metrics.matthews_corrcoef(y, d),
                accuracy=lambda: metrics.accuracy_score(y, d),
            )[criterion]())
        best[criterion] = max(values)
    cost = lambda d: (1 * np.sum((d == 1) & (y == 0)) + 5 * np.sum((d == 0) & (y == 1))) / len(y)
    every = np.r_[np.inf, np.unique(scores)[::-1]]
    best["cost"] = min(cost((scores >= t).astype(int)) for t in every)
    best["sensitivity"] = max(
        metrics.recall_score(y, scores >= t, pos_label=0) for t in every if metrics.recall_score(y, scores >= t) >= 0.9
    )
    best["specificity"] = max(
        metrics.recall_score(y, scores >= t) for t in every if metrics.recall_score(y, scores >= t, pos_label=0) >= 0.9
    )
    return dict(
        name=name, scores=scores, truths=y, at=at,
        roc=dict(fpr=fpr, tpr=tpr), auc=metrics.roc_auc_score(y, scores), delongAuc=auc[0], delongVariance=covariance[0, 0],
        pr=dict(precision=precision, recall=recall), averagePrecision=metrics.average_precision_score(y, scores),
        brier=metrics.brier_score_loss(y, scores), calibration=calibration, best=best,
    )


def drawn(n, share, distance, digits=None):
    y = (rng.random(n) < share).astype(int)
    scores = 1 / (1 + np.exp(-(rng.normal(size=n) * 1.3 + distance * (y - 0.5))))
    return (scores if digits is None else np.round(scores, digits)), y


def multiclass(name, probabilities, y):
    size = probabilities.shape[1]
    decided = probabilities.argmax(axis=1)
    labels = list(range(size))
    rows = {}
    for average in (None, "macro", "micro", "weighted"):
        p, r, f, support = metrics.precision_recall_fscore_support(
            y, decided, labels=labels, average=average, zero_division=np.nan
        )
        rows[str(average)] = dict(precision=p, recall=r, f1=f, support=support)
    one = [(y == k).astype(int) for k in labels]
    aucs = [metrics.roc_auc_score(t, probabilities[:, k]) if 0 < t.sum() < len(y) else np.nan for k, t in enumerate(one)]
    aps = [metrics.average_precision_score(t, probabilities[:, k]) if t.sum() else np.nan for k, t in enumerate(one)]
    support = np.array([t.sum() for t in one])
    defined = ~np.isnan(aucs)
    return dict(
        name=name, scores=probabilities, labels=y, confusion=metrics.confusion_matrix(y, decided, labels=labels),
        rows=rows, auc=aucs, averagePrecision=aps,
        macroAuc=np.mean(np.array(aucs)[defined]),
        weightedAuc=np.average(np.array(aucs)[defined], weights=support[defined]),
        ovrMacro=metrics.roc_auc_score(y, probabilities, multi_class="ovr") if defined.all() else np.nan,
        ovrWeighted=metrics.roc_auc_score(y, probabilities, multi_class="ovr", average="weighted") if defined.all() else np.nan,
        accuracy=metrics.accuracy_score(y, decided),
        top={k: metrics.top_k_accuracy_score(y, probabilities, k=k, labels=labels) for k in (1, 2, 3)},
    )


def multilabel(scores, y):
    decided = (scores >= 0.5).astype(int)
    rows = {}
    for average in (None, "macro", "micro", "weighted"):
        p, r, f, support = metrics.precision_recall_fscore_support(y, decided, average=average, zero_division=np.nan)
        rows[str(average)] = dict(precision=p, recall=r, f1=f, support=support)
    return dict(
        scores=scores, labels=y, rows=rows, exactMatch=metrics.accuracy_score(y, decided),
        hammingLoss=metrics.hamming_loss(y, decided),
        sampleF1=metrics.f1_score(y, decided, average="samples", zero_division=1),
        macroAuc=metrics.roc_auc_score(y, scores, average="macro"),
        weightedAuc=metrics.roc_auc_score(y, scores, average="weighted"),
        macroAp=metrics.average_precision_score(y, scores, average="macro"),
    )


def bootstraps(tp, fn, tn, fp):
    """Percentile bootstrap intervals of F1 and MCC over the pictures behind a table."""
    y = np.repeat([1, 1, 0, 0], [tp, fn, tn, fp])
    d = np.repeat([1, 0, 0, 1], [tp, fn, tn, fp])

    def f1(y, d, axis=-1):
        hits = np.sum(y * d, axis=axis)
        return 2 * hits / (np.sum(y, axis=axis) + np.sum(d, axis=axis))

    def mcc(y, d, axis=-1):
        n = y.shape[axis]
        a, b, c = np.sum(y * d, axis=axis), np.sum(y, axis=axis), np.sum(d, axis=axis)
        return (n * a - b * c) / np.sqrt(b * (n - b) * c * (n - c))

    found = {}
    for name, figure in (("f1", f1), ("mcc", mcc)):
        result = stats.bootstrap(
            (y, d), figure, paired=True, vectorized=True, n_resamples=20_000, method="percentile", batch=1000,
            rng=np.random.default_rng(7),
        )
        found[name] = [result.confidence_interval.low, result.confidence_interval.high]
    return dict(tp=tp, fn=fn, tn=tn, fp=fp, **found)


def paired(n, share):
    y = (rng.random(n) < share).astype(int)
    common = rng.normal(size=n)
    a = np.round(1 / (1 + np.exp(-(common + rng.normal(size=n) * 0.8 + 1.5 * (y - 0.5)))), 3)
    b = np.round(1 / (1 + np.exp(-(common + rng.normal(size=n) * 0.8 + 2.2 * (y - 0.5)))), 3)
    right_a, right_b = (a >= 0.5) == y, (b >= 0.5) == y
    table = [[np.sum(right_a & right_b), np.sum(right_a & ~right_b)], [np.sum(~right_a & right_b), np.sum(~right_a & ~right_b)]]
    exact = mcnemar(table, exact=True)
    aucs, covariance = delong(y, a, b)
    difference = aucs[1] - aucs[0]
    error = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    figures = {
        "accuracy": lambda y, a, b, axis=-1: np.mean((b >= 0.5) == y, axis=axis) - np.mean((a >= 0.5) == y, axis=axis),
        "brier": lambda y, a, b, axis=-1: np.mean((b - y) ** 2, axis=axis) - np.mean((a - y) ** 2, axis=axis),
        "sensitivity": lambda y, a, b, axis=-1: np.sum(((b >= 0.5) * 1.0 - (a >= 0.5)) * y, axis=axis) / np.sum(y, axis=axis),
        "f1": lambda y, a, b, axis=-1: 2 * np.sum((b >= 0.5) * y, axis=axis) / (np.sum(y, axis=axis) + np.sum(b >= 0.5, axis=axis))
        - 2 * np.sum((a >= 0.5) * y, axis=axis) / (np.sum(y, axis=axis) + np.sum(a >= 0.5, axis=axis)),
    }
    bootstrap = {}
    for name, figure in figures.items():
        result = stats.bootstrap(
            (y, a, b), figure, paired=True, vectorized=True, n_resamples=20_000, method="percentile", batch=1000,
            rng=np.random.default_rng(7),
        )
        bootstrap[name] = [result.confidence_interval.low, result.confidence_interval.high]
    return dict(
        truths=y, a=a, b=b, table=table, mcnemar=exact.pvalue,
        delong=dict(a=aucs[0], b=aucs[1], difference=difference, error=error, p=2 * stats.norm.sf(abs(difference / error))),
        bootstrap=bootstrap,
    )


def heat_map():
    """A map of no pattern with a mask, and what scipy and the definitions say of it."""
    height, width = 18, 25
    values = ndimage.gaussian_filter(rng.normal(size=(height, width)), 1.5).astype(np.float32)
    values /= values.max()
    mask = np.zeros((height, width), int)
    mask[5:14, 8:19] = 1
    mass = np.maximum(values, 0).astype(np.float64)
    share = (mass / mass.sum()).ravel()
    y, x = ndimage.center_of_mass(mass)
    cuts = np.unique(values[values > 0])
    ious = [metrics.jaccard_score(mask.ravel(), (values >= cut).ravel()) for cut in cuts]
    best = int(len(ious) - 1 - np.argmax(ious[::-1]))
    order = np.sort(share)[::-1]
    # Border and corners by counting on a picture 8 times as fine: the frame is then a whole number of pixels.
    fine = np.kron(mass, np.ones((8, 8))) / 64
    frame = min(height, width)
    inner = fine[frame:-frame, frame:-frame].sum()
    corner = fine[: 2 * height, : 2 * width].sum()
    grid = np.add.reduceat(np.add.reduceat(np.kron(mass, np.ones((16, 16))), np.arange(16) * height, axis=0), np.arange(16) * width, axis=1)
    peak = np.unravel_index(values.argmax(), values.shape)
    return dict(
        width=width, height=height, data=values.ravel(), mask=mask.ravel(),
        entropy=stats.entropy(share) / np.log(share.size), centre=[(x + 0.5) / width, (y + 0.5) / height],
        peak=[(peak[1] + 0.5) / width, (peak[0] + 0.5) / height],
        halfMassArea=(int(np.searchsorted(np.cumsum(order), 0.5)) + 1) / share.size,
        border=1 - inner / fine.sum(), corner=corner / fine.sum(),
        inside=dict(mass=(mass * mask).sum() / mass.sum(), pointing=mask[peak], iou=ious[best], cut=cuts[best] / cuts[-1], area=mask.mean()),
        grid=np.round(255 * grid.ravel() / grid.max()),
    )


scores60, truths60 = drawn(60, 0.4, 1.5, digits=1)
scores400, truths400 = drawn(400, 0.15, 2.0)
scores9, truths9 = drawn(9, 0.5, 1.0, digits=2)
separated = np.array([0.1, 0.2, 0.3, 0.6, 0.7, 0.9])
thresholds = [0.0, 0.2, 0.3, 0.5, 0.7, 0.95, 1.0]
logits = rng.normal(size=(150, 5)) + 1.6 * np.eye(5)[rng.integers(0, 5, 150)]
labels = np.where(rng.random(150) < 0.8, logits.argmax(axis=1), rng.integers(0, 5, 150))
# A class that is never right and one that nobody has.
some = logits[:40].copy()
some[:, 2] = -9
multi = rng.random((80, 4))
multi_labels = (rng.random((80, 4)) < 0.2 + 0.6 * multi**2).astype(int)
multi_labels[:3] = 0
softmax = lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
points = [-3, -1, 0, 1e-9, 0.1, 0.5, 1, 1.9, 2, 2.1, 3.5, 6, 12, 26]

reference = dict(
    origin=dict(
        made_by="tools/peers/evaluation.py", python=platform.python_version(), numpy=np.__version__,
        scipy=scipy.__version__, sklearn=sklearn.__version__, statsmodels=statsmodels.__version__,
    ),
    erfc=[[x, special.erfc(x)] for x in points],
    wilson=[[k, n, *proportion_confint(k, n, method="wilson")] for k, n in [(0, 1), (1, 1), (0, 20), (20, 20), (7, 20), (1, 1000), (50000, 100000)]],
    binary=[
        binary("ties", scores60, truths60, thresholds),
        binary("rare", scores400, truths400, thresholds),
        binary("few", scores9, truths9, thresholds),
        binary("separated", separated, (separated > 0.5).astype(int), thresholds),
    ],
    multiclass=[
        multiclass("five", softmax(logits), labels),
        multiclass("odd", softmax(some), np.where(labels[:40] == 4, 0, labels[:40])),
    ],
    multilabel=multilabel(multi, multi_labels),
    bootstrap=[bootstraps(90, 30, 250, 40), bootstraps(400, 150, 300, 150), bootstraps(300, 40, 4000, 60)],
    paired=[paired(300, 0.4), paired(40, 0.5)],
    map=heat_map(),
)
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps(plain(reference), separators=(",", ":"), allow_nan=False) + "\n")
print(f"{OUT.relative_to(Path.cwd())}: {OUT.stat().st_size} bytes")
