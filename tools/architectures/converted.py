"""Networks after ONNX Runtime's own converters (static QDQ quantisation, half precision), with reference gradients.

There is no torch model of a converted file, so a small interpreter runs the ONNX graph itself in torch: the file's own
scales and rounded weights, float64 arithmetic, torch autograd. A fake quantisation passes gradients straight through
where its value is inside the clip range, and stops them outside.
"""
import tempfile
import pathlib

import numpy
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F

import networks
from record import describe
from reference import float32_errors, gradient, relative_error, save
from torch_export import script, versions


def export(architecture, exporters, out):
    """Yields the one (exporter, record): "qdq" or "fp16"."""
    net = networks.build(architecture)
    image = networks.noise(architecture.size, 1)
    (exporter,) = exporters
    path = out / f"{architecture.name}.{exporter}.onnx"
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "float.onnx"
        script(net, image, source)
        (quantise if exporter == "qdq" else halve)(source, path, architecture.size)
    exact = Interpreter(path, torch.float64)
    if exporter == "qdq":
        image = far_from_ties(exact, (1, 3, architecture.size, architecture.size))
    save(out / f"{architecture.name}.input.npy", image)
    value, reference = gradient(exact, image.double(), architecture.target)
    save(out / f"{architecture.name}.gradient.npy", reference)
    single = Interpreter(path, torch.float32)
    errors = float32_errors(single, image, architecture.target, reference)
    extra = {}
    if exporter == "qdq":
        unrounded = gradient(Interpreter(path, torch.float64, rounded=False), image.double(), architecture.target)[1]
        save(out / f"{architecture.name}.gradient.unrounded.npy", unrounded)
        extra["unrounded"] = {
            "file": f"{architecture.name}.gradient.unrounded.npy",
            "difference": relative_error(unrounded, reference),
            "error": float32_errors(Interpreter(path, torch.float32, rounded=False), image, architecture.target, unrounded),
        }
    else:
        half = gradient(Interpreter(path, torch.float16), image, architecture.target)[1]
        errors["half"] = relative_error(half, reference)
        errors["max"] = max(errors.values())
    output = exact(image.double()).detach().numpy()
    record = describe(
        architecture, exporter, path, image=image.numpy(), target=architecture.target, value=value, output=output,
        errors=errors, versions=versions(), gradient_by="the file's graph run in torch float64, straight-through quantisation" if extra else "the file's graph run in torch float64",
    )  # fmt: skip
    record["gradient"] |= extra
    yield exporter, record


def quantise(source, path, size):
    """onnxruntime's static quantisation with its defaults for CPUs: activations uint8, weights int8, QDQ pairs."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        batches = iter([{"input": networks.noise(size, 4).numpy()}])

        def get_next(self):
            return next(self.batches, None)

    quantize_static(source, path, Reader(), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


def halve(source, path, size):
    """onnxruntime's float16 converter, input and output stay float32 (Cast nodes inside)."""
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    model = OnnxModel(convert_float_to_float16(onnx.load(source), keep_io_types=True))
    model.topological_sort()  # the converter appends its Cast nodes at the end
    onnx.save(model.model, path)


def far_from_ties(exact, shape, tries=200):
    """The noise picture, of `tries`, none of whose quotients x/s comes near a rounding tie (n + 1/2).

    A float32 engine that rounds one of them to the other side changes everything after it, each level by a little; in a
    random network the gradient is then 30 % off within a few layers, whoever computes it. Far from ties the check is sharp.
    """
    best, exact.required = None, 0.0
    for seed in range(tries):
        image = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        exact.margin = 1.0
        try:
            with torch.no_grad():
                exact(image.double())
        except NearTie:
            continue
        best, exact.required = image, exact.margin
    print(f"nearest tie: {exact.required:.1e} of a level")
    exact.required = 0.0
    return best


class NearTie(Exception):
    """A quotient is nearer to a rounding tie than in the best picture so far: no need to run on."""


class FakeQuantise(torch.autograd.Function):
    """Value clamp(round(x/s) + z); the gradient passes where that lies in the type's range before clamping.

    `rounded` decides on the rounded quotient (torch's fake_quantize does), else on the quotient itself: they differ in
    the half step beyond the range, which matters where a Relu was folded into the range.
    """

    @staticmethod
    def forward(context, x, scale, zero, low, high, rounded):
        quotient = x / scale
        level = torch.round(quotient) + zero
        inside = level if rounded else quotient + zero
        context.save_for_backward((inside >= low) & (inside <= high))
        context.scale = scale
        return level.clamp(low, high)

    @staticmethod
    def backward(context, gradient):
        (inside,) = context.saved_tensors
        return gradient * inside / context.scale, None, None, None, None, None


class Interpreter(torch.nn.Module):
    """Runs an ONNX classifier in torch with one floating type throughout; the operators are those of converted classifiers."""

    def __init__(self, path, dtype, rounded=True):
        super().__init__()
        self.graph, self.dtype, self.rounded = onnx.load(path).graph, dtype, rounded
        self.margin = 1.0  # the smallest distance of a quotient from a rounding tie seen so far
        self.required = 0.0  # NearTie is raised when it falls below this
        self.types = {i.name: numpy_helper.to_array(i).dtype for i in self.graph.initializer}

    def forward(self, image):
        values = {i.name: self.tensor(numpy_helper.to_array(i)) for i in self.graph.initializer}
        values[self.graph.input[0].name] = image.to(self.dtype)
        for node in self.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            inputs = [values[name] if name else None for name in node.input]
            result = getattr(self, node.op_type)(node, attributes, *inputs)
            values.update(zip(node.output, result if isinstance(result, tuple) else (result,)))
        return values[self.graph.output[0].name]

    def tensor(self, array):
        return torch.from_numpy(array.astype(numpy.float64)).to(self.dtype)

    def QuantizeLinear(self, node, attributes, x, scale, zero):
        limits = numpy.iinfo(self.types[node.input[2]])
        return self.fake(x, along(scale, x, attributes), along(zero, x, attributes), limits.min, limits.max)

    def fake(self, x, scale, zero, low, high):
        quotient = x.detach() / scale
        self.margin = min(self.margin, ((quotient - quotient.floor()) - 0.5).abs().min().item())
        if self.margin < self.required:
            raise NearTie
        return FakeQuantise.apply(x, scale, zero, low, high, self.rounded)

    def DynamicQuantizeLinear(self, node, attributes, x):
        """Scale and zero point from the values' range, which is widened to contain 0; nothing is outside it."""
        low, high = (f(x.detach().float()) for f in (lambda t: t.min().clamp(max=0), lambda t: t.max().clamp(min=0)))
        scale = (high - low) / 255
        zero = torch.round((-low / scale).clamp(0, 255))
        scale, zero = scale.to(self.dtype), zero.to(self.dtype)
        return self.fake(x, scale, zero, -torch.inf, torch.inf), scale, zero

    def ConvInteger(self, node, attributes, x, weight, x_zero, w_zero):
        attributes = {"strides": [1, 1], "dilations": [1, 1], "group": 1, "pads": [0, 0, 0, 0]} | attributes
        return self.Conv(node, attributes, x - x_zero, weight - w_zero)

    def MatMulInteger(self, node, attributes, x, weight, x_zero, w_zero):
        return (x - x_zero) @ (weight - w_zero)

    def Mul(self, node, attributes, a, b):
        return a * b

    def Reshape(self, node, attributes, x, shape):
        return x.reshape([int(n) for n in shape])

    def Softmax(self, node, attributes, x):
        return x.softmax(attributes.get("axis", -1))

    def DequantizeLinear(self, node, attributes, x, scale, zero):
        return (x - along(zero, x, attributes)) * along(scale, x, attributes)

    def Cast(self, node, attributes, x):
        return x  # one floating type throughout

    def Conv(self, node, attributes, x, weight, bias=None):
        pads = attributes["pads"]
        assert pads[:2] == pads[2:]
        return F.conv2d(x, weight, bias, attributes["strides"], pads[:2], attributes["dilations"], attributes["group"])

    def Relu(self, node, attributes, x):
        return F.relu(x)

    def Add(self, node, attributes, a, b):
        return a + b

    def Concat(self, node, attributes, *inputs):
        return torch.cat(inputs, attributes["axis"])

    def MaxPool(self, node, attributes, x):
        pads = attributes.get("pads", [0, 0])[:2]
        return F.max_pool2d(x, attributes["kernel_shape"], attributes["strides"], pads, ceil_mode=bool(attributes.get("ceil_mode", 0)))

    def GlobalAveragePool(self, node, attributes, x):
        return x.mean((2, 3), keepdim=True)

    def Flatten(self, node, attributes, x):
        return x.flatten(1)

    def Gemm(self, node, attributes, x, weight, bias):
        assert attributes["transB"] == 1
        return F.linear(x, weight, bias)


def along(parameter, x, attributes):
    """A scale or zero point of one axis, shaped to broadcast over x."""
    if parameter.ndim == 0 or parameter.numel() == 1:
        return parameter.reshape(())
    shape = [1] * x.ndim
    shape[attributes.get("axis", 1)] = -1
    return parameter.reshape(shape)
