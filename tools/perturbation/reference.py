"""Reference numbers for packages/core/test/perturbation: NumPy's Gauss-Legendre rule, scikit-learn's weighted regressions, masks enlarged
by scikit-image as RISE's own program does it, SciPy's Gaussian filter.

Run in the environment of tools/peers: ${SEEWHY_PEERS:-~/.cache/seewhy}/torch/bin/python tools/perturbation/reference.py
Writes fixtures/perturbation/{quadrature,regression,rise,blur}.json.
"""
import json
import pathlib

import numpy as np
import scipy
import scipy.ndimage
import skimage
import sklearn
from skimage.transform import resize
from sklearn.linear_model import Lasso, LinearRegression, Ridge

OUT = pathlib.Path(__file__).resolve().parents[2] / 'fixtures/perturbation'
OUT.mkdir(parents=True, exist_ok=True)


def write(name, content):
    (OUT / name).write_text(json.dumps(content, separators=(',', ':')).replace('},{', '},\n{') + '\n')


def quadrature():
    rules = []
    for n in (1, 2, 3, 5, 16, 25, 50, 101, 300):
        nodes, weights = np.polynomial.legendre.leggauss(n)
        rules.append({'steps': n, 'nodes': ((nodes + 1) / 2).tolist(), 'weights': (weights / 2).tolist()})
    write('quadrature.json', {'origin': f'numpy {np.__version__} polynomial.legendre.leggauss, moved to [0, 1]', 'rules': rules})


def regression():
    random = np.random.default_rng(11)
    rows, columns = 60, 7
    x = random.integers(0, 2, size=(rows, columns)).astype(np.float64)
    truth = np.array([3, -2, 0, 0.5, 0, 0, 1.0])
    y = x @ truth + 0.7 + 0.2 * random.normal(size=rows)
    weights = random.uniform(0.05, 1, size=rows)
    cases = []
    for intercept in (True, False):
        for name, alphas, make in [
            ('linear', [0], lambda a: LinearRegression(fit_intercept=intercept)),
            ('ridge', [0.1, 1, 20], lambda a: Ridge(alpha=a, fit_intercept=intercept, solver='cholesky')),
            ('lasso', [0.001, 0.01, 0.1, 10], lambda a: Lasso(alpha=a, fit_intercept=intercept, tol=1e-14, max_iter=100_000)),
        ]:
            for alpha in alphas:
                model = make(alpha).fit(x, y, sample_weight=weights)
                cases.append({'model': name, 'alpha': alpha, 'fitIntercept': intercept,
                              'coefficients': model.coef_.tolist(), 'intercept': float(model.intercept_)})
    write('regression.json', {'origin': f'scikit-learn {sklearn.__version__}', 'rows': rows, 'columns': columns,
                              'x': x.ravel().tolist(), 'y': y.tolist(), 'weights': weights.tolist(), 'cases': cases})


def rise():
    random = np.random.default_rng(5)
    cases = []
    for height, width, grid, shift in [(20, 20, 4, (0, 0)), (20, 20, 4, (4, 3)), (17, 30, 3, (5, 9)), (9, 14, 7, (1, 0)), (6, 8, 1, (2, 3))]:
        cell = (-(-height // grid), -(-width // grid))
        bits = random.integers(0, 2, size=(grid, grid)).astype(np.float64)
        up = resize(bits, ((grid + 1) * cell[0], (grid + 1) * cell[1]), order=1, mode='reflect', anti_aliasing=False)
        mask = up[shift[0]:shift[0] + height, shift[1]:shift[1] + width]
        cases.append({'height': height, 'width': width, 'grid': grid, 'shift': shift, 'bits': bits.ravel().tolist(),
                      'mask': mask.ravel().tolist()})
    write('rise.json', {'origin': f'scikit-image {skimage.__version__} transform.resize, cut as in masks.py of RISE', 'cases': cases})


def blur():
    plane = np.random.default_rng(6).normal(size=(9, 13))
    cases = [{'sigma': sigma, 'expected': scipy.ndimage.gaussian_filter(plane, sigma, mode='reflect', truncate=4).ravel().tolist()}
             for sigma in (0.1, 0.7, 2, 5)]
    write('blur.json', {'origin': f'scipy {scipy.__version__} ndimage.gaussian_filter', 'height': 9, 'width': 13,
                        'plane': plane.ravel().tolist(), 'cases': cases})


rise()
blur()
quadrature()
regression()
