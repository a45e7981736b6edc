#!/usr/bin/env python3
"""Reference gradients for the committed small models: fixtures/architectures/NAME.{json,input.npy,gradient.npy}.

    python small.py        with the Python of the torch environment (tools/peers/install.sh)

The same record as export.py's (README.md), for fixtures/models/tiny-*.onnx, so that whole models are checked without
Python. `others` names the files of further inputs. Targets behind a Softmax or Sigmoid are probabilities here.
"""
import copy
import json
import pathlib
import sys
import warnings

import torch
from torch import nn

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "peers")]
import small_models as small  # noqa: E402
from converted import Interpreter, far_from_ties  # noqa: E402
from record import describe  # noqa: E402
from reference import float32_errors, gradient, relative_error, save  # noqa: E402
from table import Architecture  # noqa: E402
from torch_export import versions  # noqa: E402

warnings.filterwarnings("ignore")
OUT = small.ROOT / "fixtures/architectures"


def seeded(make, shape=(3, 32, 32)):
    return lambda name: small.seeded(name, make, shape)[0]


def two_inputs(name):
    """The image's network with the vector held at ones."""
    torch.manual_seed(small.zlib.crc32(name.encode()))
    net = small.TwoInputs().eval()
    small.randomise(net.image, small.noise(32, 8))

    class Held(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, image):
            return self.net(image, torch.ones(1, 5, dtype=image.dtype))

    return Held()


softmax = lambda: small.TinyCnn(last=nn.Softmax(1))  # noqa: E731
# name: (the network the file came from, or None: the file itself is interpreted), input shape, target
REFERENCES = {
    "tiny-cnn": (seeded(softmax), (3, 32, 32), (0, 3)),
    "tiny-vit": (seeded(small.tiny_vit), (3, 32, 32), (0, 3)),
    "tiny-swin": (seeded(small.tiny_swin), (3, 32, 32), (0, 3)),
    "tiny-external": (seeded(softmax), (3, 32, 32), (0, 3)),
    "tiny-fp16": (None, (3, 32, 32), (0, 3)),
    "tiny-qdq": (None, (3, 32, 32), (0, 3)),
    "tiny-dynamic-quantised": (None, (3, 32, 32), (0, 3)),
    "tiny-grey": (seeded(lambda: small.TinyCnn(channels=1), (1, 28, 28)), (1, 28, 28), (0, 3)),
    "tiny-two-inputs": (two_inputs, (3, 32, 32), (0, 3)),
    "tiny-binary": (seeded(lambda: small.TinyCnn(classes=1, last=nn.Sigmoid())), (3, 32, 32), (0, 0)),
    "tiny-if": (seeded(lambda: small.TinyCnn(last=nn.Softmax(1))), (3, 32, 32), (0, 3)),
    "tiny-functions": (seeded(small.TinyCnn), (3, 32, 32), (0, 3)),
    "tiny-fixed-batch": (seeded(small.FixedBatch), (3, 32, 32), (0, 3)),
    "tiny-segmentation": (seeded(small.Segmentation), (3, 32, 32), (0, 2, 15, 9)),
    "tiny-opset9": (seeded(small.Relu6Cnn), (3, 32, 32), (0, 3)),
    "tiny-yolo": (seeded(lambda: small.Yolo(classes=3, bins=8, width=4, hidden=12), (3, 64, 64)), (3, 64, 64), (0, 2, 41)),
}


def make(name):
    build, shape, target = REFERENCES[name]
    path = small.MODELS / f"{name}.onnx"
    image = torch.randn(1, *shape, generator=torch.Generator().manual_seed(40))
    if build:
        net = build(name)
        exact = copy.deepcopy(net).double()
        by = "torch float64 autograd"
    else:
        exact, net = Interpreter(path, torch.float64), Interpreter(path, torch.float32)
        by = "the file's graph run in torch float64, straight-through quantisation"
        if "q" in name:
            image = far_from_ties(exact, (1, *shape))
        if "fp16" in name:
            image = image.half().float()
            by = "the file's graph run in torch float64"
    value, reference = gradient(exact, image.double(), target)
    if reference.norm() == 0:
        raise ValueError(f"{name}: no gradient")
    save(OUT / f"{name}.input.npy", image)
    save(OUT / f"{name}.gradient.npy", reference)
    errors = float32_errors(net, image, target, reference)
    if "fp16" in name:
        errors["half"] = relative_error(gradient(Interpreter(path, torch.float16), image, target)[1], reference)
        errors["max"] = max(errors.values())
    others = {}
    if name == "tiny-two-inputs":
        save(OUT / f"{name}.vector.npy", torch.ones(1, 5))
        others = {"vector": f"{name}.vector.npy"}
    with torch.no_grad():
        output = exact(image.double()).numpy()
    record = describe(
        Architecture(name, "small fixture", "own", target=target), "fixture", path, image=image.numpy(), target=target, value=value, output=output,
        errors=errors, versions=versions(), gradient_by=by, others={k: torch.ones(1, 5).numpy() for k in others},
    )  # fmt: skip
    if name == "tiny-qdq":  # the other reading of the clip range: README.md
        file = f"{name}.gradient.unrounded.npy"
        save(OUT / file, gradient(Interpreter(path, torch.float64, rounded=False), image.double(), target)[1])
        record["gradient"]["unrounded"] = {"file": file}
    record |= {"model": f"../models/{path.name}", "others": others}
    (OUT / f"{name}.json").write_text(json.dumps(record) + "\n")
    print(f"{name}: output {value:.4f}, torch float32 error {errors['max']:.1e}, ONNX Runtime's output {record['runtimeError']:.1e} off, batch {record['batch']}", flush=True)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or REFERENCES:
        make(name)
