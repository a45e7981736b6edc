"""Reference gradients and both exports of one torch network."""
import copy

import torch
import torchvision  # noqa: F401  (timm and the exporters find its operators declared)

import networks
from record import describe
from reference import without_batch_norm, float32_errors, gradient, save


def export(architecture, exporters, out):
    """Yields (exporter, record or exception); the input and the gradient are shared by both exporters."""
    torch.backends.mha.set_fastpath_enabled(False)  # its fused attention operator has no ONNX form
    net = networks.build(architecture)
    image = networks.noise(architecture.size, 1, architecture.picture)
    save(out / f"{architecture.name}.input.npy", image)
    plain = without_batch_norm(copy.deepcopy(net))
    exact = copy.deepcopy(plain).double()
    value, reference = gradient(exact, image.double(), architecture.target)
    with torch.no_grad():
        output = exact(image.double()).numpy()
    del exact
    if not torch.isfinite(reference).all() or reference.norm() == 0:
        raise ValueError("the reference gradient is zero or not finite")
    save(out / f"{architecture.name}.gradient.npy", reference)
    errors = float32_errors(plain, image, architecture.target, reference)
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    for exporter in exporters:
        path = out / f"{architecture.name}.{exporter}.onnx"
        try:
            EXPORTERS[exporter](net, image, path)
            record = describe(
                architecture, exporter, path, image=image.numpy(), target=architecture.target, value=value, output=output,
                errors=errors, versions=versions(), gradient_by="torch float64 autograd",
            )
            yield exporter, record
        except Exception as error:
            yield exporter, error


def versions():
    import timm

    return {"torch": torch.__version__, "torchvision": torchvision.__version__, "timm": timm.__version__}


def script(net, image, path):
    """The older, tracing exporter: opset 17, weights inside, free batch axis (it may still bake a batch of 1 in)."""
    names = {"input_names": ["input"], "output_names": ["output"], "verbose": False}
    axes = {"input": {0: "batch"}, "output": {0: "batch"}}
    torch.onnx.export(net, (image,), str(path), dynamo=False, opset_version=17, dynamic_axes=axes, **names)


def dynamo(net, image, path):
    """torch's default exporter at its default opset, weights beside the model; batch 1 where a free one is refused."""
    names = {"input_names": ["input"], "output_names": ["output"], "verbose": False}
    pair = torch.cat([image, image])  # torch.export would take a batch of one for a constant
    try:
        shapes = ({0: torch.export.Dim("batch")},)
        torch.onnx.export(net, (pair,), str(path), dynamic_shapes=shapes, **names)
    except Exception as error:
        say_fixed(path, error)
        torch.onnx.export(net, (image,), str(path), **names)


def say_fixed(path, error):
    print(f"{path.name}: a free batch is refused ({str(error).strip().splitlines()[0][:120]}); exported for a batch of 1", flush=True)


EXPORTERS = {"script": script, "dynamo": dynamo}
