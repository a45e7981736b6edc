"""Reference values for the tests behind the findings: scipy.stats on small samples. Writes fixtures/report/findings/statistics.json.

    ~/.cache/seewhy/torch/bin/python tools/peers/findings.py
"""

import json
import pathlib

import numpy
import scipy
from scipy import stats

random = numpy.random.default_rng(4)
samples = [(random.integers(0, 8, m).tolist(), (random.integers(0, 8, n) + shift).tolist()) for m, n, shift in ((12, 9, 0), (30, 14, 2), (5, 40, -1))]
values = random.uniform(size=20) ** 3
pairs = [(random.integers(0, 9, 25).tolist(), random.integers(0, 9, 25).tolist()), (list(range(10)), [i * i for i in range(10)])]
result = {
    "origin": f"tools/peers/findings.py: scipy {scipy.__version__}, numpy {numpy.__version__}",
    "binomial": [[k, n, p, float(stats.binom.sf(k - 1, n, p))] for k, n, p in ((3, 10, 0.5), (10, 10, 0.5), (1, 400, 0.001), (220, 400, 0.5), (60, 61, 0.9))],
    "fisher": [
        [k, drawn, marked, n, float(stats.fisher_exact([[k, drawn - k], [marked - k, n - drawn - marked + k]], alternative="greater")[1])]
        for k, drawn, marked, n in ((4, 6, 8, 20), (9, 10, 12, 60), (0, 5, 5, 30), (40, 90, 60, 500), (3, 3, 3, 3000))
    ],
    "rankSum": [
        [a, b, float(r.statistic / (len(a) * len(b))), float(r.pvalue)]
        for a, b in samples
        for r in [stats.mannwhitneyu(a, b, alternative="greater", method="asymptotic")]
    ],
    "rankCorrelation": [[a, b, float(stats.spearmanr(a, b).statistic)] for a, b in pairs],
    "benjaminiHochberg": [values.tolist(), stats.false_discovery_control(values).tolist()],
}
path = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "report" / "findings" / "statistics.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(result, indent=1) + "\n")
