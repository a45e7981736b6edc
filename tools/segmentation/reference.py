"""Superpixels by scikit-image, for packages/core/test/segmentation.

Run in the environment of tools/peers: ${SEEWHY_PEERS:-~/.cache/seewhy}/torch/bin/python tools/segmentation/reference.py
(scikit-image 0.26.0; if it is missing there: pip install --no-deps scikit-image==0.26.0 imageio tifffile lazy-loader)
Writes fixtures/segmentation: two photos reduced to 96x96, their segmentations, and cases.json.
"""
import json
import pathlib
from unittest import mock

import numpy as np
import skimage
from PIL import Image
from skimage.color import rgb2lab
from skimage.segmentation import quickshift, slic

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / 'fixtures/segmentation'
OUT.mkdir(parents=True, exist_ok=True)


class Quiet:
    """Draws zeros: quickshift adds noise to the densities to break ties, which nobody can repeat elsewhere."""

    def normal(self, loc=0, scale=1, size=None):
        return np.zeros(size)


cases = []
for name, box in {'chelsea': (80, 0, 380, 300), 'coffee': (150, 0, 550, 400)}.items():
    photo = Image.open(ROOT / f'fixtures/photos/{name}.png').convert('RGB').crop(box).resize((96, 96), Image.Resampling.LANCZOS)
    photo.save(OUT / f'{name}.png', optimize=True)
    image = np.asarray(photo)
    np.save(OUT / f'{name}.npy', image)
    if name == 'chelsea':
        np.save(OUT / 'chelsea.lab.npy', rgb2lab(image)[::8, ::8])
    for segments, compactness, connected in [(25, 10, True), (50, 10, True), (100, 10, True), (100, 20, True), (100, 3, True), (50, 1, True),
                                             (50, 1, False), (40, 10, False)]:
        labels = slic(image, n_segments=segments, compactness=compactness, start_label=0, enforce_connectivity=connected)
        file = f'{name}.slic-{segments}-{compactness}{"" if connected else "-loose"}.npy'
        np.save(OUT / file, labels.astype(np.uint16))
        cases.append({'picture': f'{name}.npy', 'file': file, 'method': 'slic', 'segments': segments, 'compactness': compactness,
                      'connected': connected})
    for kernel, distance, ratio in [(5, 10, 1.0), (4, 200, 0.2), (2, 10, 0.5)]:
        with mock.patch('numpy.random.default_rng', lambda seed: Quiet()):
            labels = quickshift(image, kernel_size=kernel, max_dist=distance, ratio=ratio, rng=0)
        file = f'{name}.quickshift-{kernel}-{distance}.npy'
        np.save(OUT / file, labels.astype(np.uint16))
        cases.append({'picture': f'{name}.npy', 'file': file, 'method': 'quickshift', 'kernelSize': kernel, 'maxDistance': distance,
                      'ratio': ratio})
(OUT / 'cases.json').write_text(json.dumps({'origin': f'scikit-image {skimage.__version__}', 'cases': cases}, indent=1) + '\n')
