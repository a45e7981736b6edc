"""Reference values for the clusters of heatmaps: neighbour graph, eigenvalues of its normalised Laplacian, spectral clustering.

Peers: scikit-learn (neighbors.kneighbors_graph, cluster.SpectralClustering) and numpy.linalg.eigvalsh, each on the same points. The points are
drawn here by seed and written beside the values. Writes fixtures/report/clusters/*.json.

    ~/.cache/seewhy/torch/bin/python tools/peers/clusters.py
"""

import json
import pathlib

import numpy
import scipy
import sklearn
from scipy.sparse.csgraph import laplacian
from sklearn.cluster import SpectralClustering
from sklearn.neighbors import kneighbors_graph

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "report" / "clusters"

CASES = {
    # name: (centres, points a centre, spread, dimensions, neighbours)
    "three-blobs": (3, 40, 0.6, 4, 9),
    "apart": (4, 25, 0.1, 3, 6),
    "one-blob": (1, 90, 1.0, 5, 8),
    "large": (5, 120, 0.7, 6, 9),
}


def case(name, centres, each, spread, dimensions, neighbours):
    random = numpy.random.default_rng(len(name))
    middles = random.normal(size=(centres, dimensions)) * 1.5
    points = numpy.concatenate([m + spread * random.normal(size=(each, dimensions)) for m in middles])
    points = numpy.round(points, 4)
    graph = kneighbors_graph(points, neighbours + 1, include_self=True)
    affinity = 0.5 * (graph + graph.T)
    values = numpy.linalg.eigvalsh(laplacian(affinity, normed=True).toarray())
    clusters = SpectralClustering(
        centres, affinity="precomputed", random_state=0, n_init=20, assign_labels="kmeans"
    ).fit_predict(affinity)
    dense = affinity.toarray()
    numpy.fill_diagonal(dense, 0)
    return {
        "points": points.tolist(),
        "neighbours": neighbours,
        "k": centres,
        "degrees": dense.sum(axis=1).tolist(),
        "eigenvalues": values[:9].tolist(),
        "clusters": clusters.tolist(),
    }


FOLDER.mkdir(parents=True, exist_ok=True)
for name, parameters in CASES.items():
    result = {
        "origin": f"tools/peers/clusters.py: scikit-learn {sklearn.__version__}, scipy {scipy.__version__}, numpy {numpy.__version__}",
        **case(name, *parameters),
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(result) + "\n")
    print(name, [round(v, 4) for v in result["eigenvalues"]])
