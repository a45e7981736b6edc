#!/usr/bin/env python3
"""Exports the networks of the benchmark: seeded random weights, opset 17, batch 1, 224 x 224.

    python models.py [NAME…]        with the Python of the torch environment (tools/peers/install.sh)

Writes <name>.onnx and <name>.pt (the same weights for the peers) into $SEEWHY_BENCH (~/.cache/seewhy/bench). What is
there already is not made again. Weights are made by tools/architectures/networks.py, so that activations and
gradients keep their scale through the depth: a fresh network's gradients fade into denormal numbers, which are slow.
"""
import os
import pathlib
import sys
import warnings

import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools/architectures"))
import networks  # noqa: E402
from table import Architecture  # noqa: E402

CACHE = pathlib.Path(os.environ.get("SEEWHY_BENCH", pathlib.Path.home() / ".cache/seewhy/bench"))
SOURCES = {
    "resnet50": "torchvision",
    "mobilenet_v3_small": "torchvision",
    "efficientnet_b0": "torchvision",
    "densenet121": "torchvision",
    "convnext_tiny": "torchvision",
    "vit_small_patch16_224": "timm",
}


def build(name):
    """The network, in eval mode; the same weights each time."""
    torch.backends.mha.set_fastpath_enabled(False)  # its fused attention operator has no ONNX form
    net = networks.build(Architecture(name, "", SOURCES[name]))
    return net


def load(name):
    """The network with the weights that were exported."""
    if SOURCES[name] == "torchvision":
        import torchvision

        net = getattr(torchvision.models, name)(weights=None)
    else:
        import timm

        net = timm.create_model(name, pretrained=False)
    net.load_state_dict(torch.load(CACHE / f"{name}.pt", weights_only=True))
    return net.eval()


def export(name):
    net = build(name)
    torch.save(net.state_dict(), CACHE / f"{name}.pt")
    image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(20))
    torch.onnx.export(
        net, (image,), str(CACHE / f"{name}.onnx.part"), dynamo=False, opset_version=17,
        input_names=["input"], output_names=["output"],
    )
    (CACHE / f"{name}.onnx.part").rename(CACHE / f"{name}.onnx")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or SOURCES:
        if not (CACHE / f"{name}.onnx").exists() or not (CACHE / f"{name}.pt").exists():
            export(name)
            print(f"exported {name}", flush=True)
