"""torch-cam: CAM methods. Raw maps have its ReLU already (not CAM); finished ones are min-maxed with 1e-8 at the layer's resolution.

Its Grad-CAM++ is wrong (fixtures/parity/README.md) and not here. IS-CAM accumulates its coefficients (1/N, 3/N, 6/N …), as measured.
"""
import contextlib

import numpy
import torch
from torch import nn
from torchcam import methods

from peers_captum import unit
from subject import measured

PEER = "torch-cam"


def write(table, subject, targets):
    fc = next(name for name, module in subject.net.named_modules() if isinstance(module, nn.Linear))
    for target in targets:
        plain(table, subject, "xgradcam", methods.XGradCAM, target)
        if target != subject.target:
            plain(table, subject, "cam", methods.CAM, target, {"fc_layer": fc}, rectified=False)
            plain(table, subject, "gradcam", methods.GradCAM, target)
            plain(table, subject, "layercam", methods.LayerCAM, target)
    smooth(table, subject)
    if subject.real:
        return
    for target in targets:
        plain(table, subject, "scorecam", methods.ScoreCAM, target)
        plain(table, subject, "iscam", methods.ISCAM, target, {"num_samples": 4}, options={"samples": 4, "coefficients": [0.25, 0.75, 1.5, 2.5]})
    noisy(table, subject)


def extract(subject, kind, target, settings, normalized, sample=None):
    with kind(subject.net, subject.last["module"], input_shape=tuple(subject.image.shape[1:]), **settings) as extractor:
        if sample is not None:
            extractor._distrib.sample = sample
        gradient = kind not in (methods.CAM, methods.ScoreCAM, methods.SSCAM, methods.ISCAM)
        with contextlib.nullcontext() if gradient else torch.no_grad():
            scores = subject.net(subject.image)
            (result,) = extractor(target, scores, normalized=normalized) if gradient else extractor(target, normalized=normalized)
    return result


def plain(table, subject, method, kind, target, settings=None, rectified=True, options=None):
    raw, error = measured(subject, lambda s: extract(s, kind, target, settings or {}, False), "HW")
    keep = target == subject.target
    finished = extract(subject, kind, target, settings or {}, True) if keep else None
    table.add(PEER, method, raw, target=target, layer=subject.last, options={"rectified": rectified} | (options or {}), finished=finished, error=error, flat=True)


def smooth(table, subject):
    """Smooth Grad-CAM++: relu(g) and A of the sum are those of the last noisy pass."""
    count, sigma = (2, 0.1) if subject.real else (4, 0.3)
    if subject.real:
        noise = unit(sigma) * torch.from_numpy(numpy.load(table.folder / "given.noise.npy")).float()
    else:
        noise = sigma * torch.randn((count, *subject.image.shape[1:]), generator=torch.Generator().manual_seed(80))

    def run(s):
        rows = iter(noise.to(s.dtype))
        return extract(s, methods.SmoothGradCAMpp, s.target, {"num_samples": count, "std": sigma}, False, lambda _shape: next(rows)[None])

    raw, error = measured(subject, run, "HW")
    file = f"{table.model}/given.noise.npy" if subject.real else table.give("torch-cam.noise", noise, "NCHW")
    table.add(PEER, "smoothgradcam++", raw, target=subject.target, layer=subject.last, options={"samples": count, "sigma": sigma, "rectified": True} | ({"noiseUnit": unit(sigma)} if subject.real else {}), given={"noise": file}, error=error)


def noisy(table, subject):
    """SS-CAM: noise on the upsampled, min-maxed activations, at the picture's size."""
    count, sigma = (2, 0.5) if subject.image.shape[2] < 64 else (1, 0.5)
    channels = subject.module(subject.last)
    held = []
    hook = channels.register_forward_hook(lambda _m, _i, output: held.append(output.shape[1]))
    subject.net(subject.image)
    hook.remove()
    shape = (count, held[0], *subject.image.shape[2:])
    noise = torch.round(64 * sigma * torch.randn(shape, generator=torch.Generator().manual_seed(81))).clamp(-127, 127).to(torch.int8)

    def run(s):
        rows = iter(noise.to(s.dtype) / 64)
        return extract(s, methods.SSCAM, s.target, {"num_samples": count, "std": sigma}, False, lambda _shape: next(rows)[None])

    raw, error = measured(subject, run, "HW")
    file = table.give("sscam.noise", noise.numpy(), "NKHW")
    table.add(PEER, "sscam", raw, target=subject.target, layer=subject.last, options={"samples": count, "sigma": sigma, "noiseUnit": 1 / 64, "rectified": True}, given={"noise": file}, error=error)
