#!/usr/bin/env python3
"""Makes the small models of fixtures/models: one for each thing a model file may do (random seeded weights, ≤ 100 kB).

    python small_models.py [NAME…]        with the Python of the torch environment (tools/peers/install.sh)

tiny-nhwc.onnx comes from small_models_tf.py (tensorflow environment). Every model is checked by onnx.checker and run once
in ONNX Runtime: finite outputs, the declared shapes. Deterministic for the pinned versions.
"""
import pathlib
import sys
import tempfile
import warnings
import zlib

import numpy
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "fixtures/models"
sys.path.insert(0, str(ROOT / "tools/architectures"))
from networks import Yolo, noise, randomise  # noqa: E402

warnings.filterwarnings("ignore")
CLASSES = 5


# -- networks ---------------------------------------------------------------------------------------------------------


class TinyCnn(nn.Module):
    """conv, relu, max pool, conv, relu, average pool, linear; then `last` (softmax, sigmoid or nothing)."""

    def __init__(self, channels=3, classes=CLASSES, last=None):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(16, classes)
        self.last = last or nn.Identity()

    def forward(self, image):
        return self.last(self.classifier(torch.flatten(self.pool(self.features(image)), 1)))


class TwoInputs(nn.Module):
    """A picture and a vector of five other facts, such as age and sex in medicine."""

    def __init__(self):
        super().__init__()
        self.image = TinyCnn(classes=8)
        self.vector = nn.Linear(5, 8)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, image, vector):
        return self.head(torch.cat([F.relu(self.image(image)), F.relu(self.vector(vector))], 1))


class FixedBatch(nn.Module):
    """`len` is a Python number, so the tracer writes its batch of one into a constant, as in many exports: Reshape to [1, 256]."""

    def __init__(self):
        super().__init__()
        self.features = TinyCnn().features
        self.head = nn.Linear(256, CLASSES)

    def forward(self, image):
        return self.head(F.avg_pool2d(self.features(image), 4).reshape(len(image), 256))


class Segmentation(nn.Module):
    """Stride 2 down, bilinear up: class scores for every pixel."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=2, dilation=2), nn.ReLU())
        self.head = nn.Conv2d(12, 4, 1)

    def forward(self, image):
        return F.interpolate(self.head(self.down(image)), size=image.shape[-2:], mode="bilinear", align_corners=False)


class Relu6Cnn(nn.Module):
    """Relu6 (Clip with attributes before opset 11), depthwise conv, nearest up-sampling (Upsample-9), dropout."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, 2, 1)
        self.b = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.c = nn.Conv2d(16, 12, 1)
        self.head = nn.Linear(12, CLASSES)

    def forward(self, image):
        x = F.relu6(self.a(image))
        y = F.interpolate(F.max_pool2d(F.relu6(self.b(x)), 2), scale_factor=2.0, mode="nearest")
        z = F.relu6(self.c(torch.cat([x, y], 1))).mean((2, 3))
        return F.softmax(self.head(F.dropout(z, 0.2, self.training)), 1)


class ParityCnn(nn.Module):
    """Convolutions, global average pooling, one linear layer: every CAM method applies."""

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.features = nn.Sequential(
            nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 24, 3, padding=1), nn.ReLU()
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(24, 7)

    def forward(self, image):
        return self.classifier(torch.flatten(self.pool(self.features(image)), 1))


class Residual(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
        self.conv2, self.norm2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
        self.shortcut = nn.Identity() if cin == cout and stride == 1 else nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        return F.relu(self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))) + self.shortcut(x))


class ParityResidual(nn.Module):
    """Strided stem, overlapping max pool, residual blocks, average pool, linear."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.layer1, self.layer2 = Residual(16, 16, 1), Residual(16, 32, 2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, 10)

    def forward(self, image):
        return self.fc(torch.flatten(self.pool(self.layer2(self.layer1(self.stem(image)))), 1))


def tiny_vit():
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=2, mlp_ratio=2, num_classes=CLASSES)


def tiny_swin():
    from timm.models.swin_transformer import SwinTransformer

    return SwinTransformer(
        img_size=32, patch_size=4, window_size=4, embed_dim=12, depths=(2, 2), num_heads=(2, 2), mlp_ratio=2, num_classes=CLASSES
    )


# -- export -----------------------------------------------------------------------------------------------------------


def seeded(name, make, shape=(3, 32, 32)):
    """The network with weights that depend on `name` only, in eval mode, and an input batch of one for it."""
    torch.manual_seed(zlib.crc32(name.encode()))
    net = make()
    generator = torch.Generator().manual_seed(20)
    batch = torch.randn(8, *shape, generator=generator)
    return randomise(net, batch), batch[:1]


def export(net, inputs, path, *, free=True, names=("image",), **options):
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    axes = {n: {0: "batch"} for n in (*names, "output")} if free else None
    torch.onnx.export(net, inputs, str(path), **({"dynamo": False, "opset_version": 17, "input_names": list(names), "output_names": ["output"], "dynamic_axes": axes} | options))


def default_export(net, image):
    """torch's default exporter, free batch axis (it needs an example of two: one would be taken for a constant)."""
    names = {"input_names": ["image"], "output_names": ["output"], "verbose": False}
    return torch.onnx.export(net, (torch.cat([image, image]),), dynamic_shapes=({0: torch.export.Dim("batch")},), **names)


def swin(name, path):
    """By the default exporter: the tracing one needs 1,100 nodes for the same four blocks. Source locations are dropped."""
    model = default_export(*seeded(name, tiny_swin)).model_proto
    for item in (*model.graph.node, *model.graph.value_info, *model.graph.initializer, *model.graph.input, *model.graph.output, model.graph):
        item.ClearField("metadata_props")
    onnx.save(model, path)


def simple(make, shape=(3, 32, 32), **options):
    def write(name, path):
        net, image = seeded(name, make, shape)
        export(net, image, path, **options)

    return write


def two_inputs(name, path):
    torch.manual_seed(zlib.crc32(name.encode()))
    net = TwoInputs().eval()
    randomise(net.image, noise(32, 8))
    export(net, (noise(32, 1), torch.ones(1, 5)), path, names=("image", "vector"))


def external(name, path):
    """torch's default export: weights beside the model. (It inlines small ones, so they are moved out here.)"""
    program = default_export(*seeded(name, lambda: TinyCnn(last=nn.Softmax(1))))
    data = path.with_suffix(".data")
    data.unlink(missing_ok=True)
    onnx.save(program.model_proto, path, save_as_external_data=True, location=data.name, size_threshold=64)


def half(name, path):
    from onnxruntime.transformers.float16 import convert_float_to_float16

    net, image = seeded(name, lambda: TinyCnn(last=nn.Softmax(1)))
    export(net, image, path)
    onnx.save(convert_float_to_float16(onnx.load(path), keep_io_types=False), path)


def float_model(name, folder):
    """A float model to quantise, prepared as ONNX Runtime asks (shapes inferred)."""
    net, image = seeded(name, lambda: TinyCnn(last=nn.Softmax(1)))
    path = pathlib.Path(folder) / "float.onnx"
    export(net, image, path)
    onnx.save(onnx.shape_inference.infer_shapes(onnx.load(path)), path)
    return path


def static_qdq(name, path):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.batches = iter([{"image": noise(32, 8).numpy()}])

        def get_next(self):
            return next(self.batches, None)

    with tempfile.TemporaryDirectory() as folder:
        source = float_model(name, folder)
        quantize_static(source, path, Reader(), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


def dynamic_quantised(name, path):
    """DynamicQuantizeLinear with ConvInteger and MatMulInteger, as in transformers.js' model_quantized.onnx."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        quantize_dynamic(float_model(name, folder), path, weight_type=QuantType.QUInt8, op_types_to_quantize=["Conv", "MatMul", "Gemm"])


def constant_if(name, path):
    """Two If nodes: one on a constant, one on a comparison of the input's (static) rank and shape; nested scopes."""
    net, image = seeded(name, TinyCnn)
    export(net, image, path)
    model = onnx.load(path)
    graph = model.graph
    last = graph.node[-1]
    last.output[0] = "logits"
    then = helper.make_graph([helper.make_node("Softmax", ["logits"], ["soft"], axis=1)], "then", [], [value("soft", ["batch", CLASSES])])
    other = helper.make_graph([helper.make_node("Sigmoid", ["logits"], ["sigmoid"])], "else", [], [value("sigmoid", ["batch", CLASSES])])
    relu = next(n for n in graph.node if n.op_type == "Relu")
    before, relu.output[0] = relu.output[0], "relu_inner"
    scaled = [helper.make_node("Constant", [], ["two"], value=numpy_helper.from_array(numpy.float32(2))), helper.make_node("Mul", ["relu_inner", "two"], ["doubled"])]
    small = helper.make_graph([helper.make_node("Identity", ["relu_inner"], ["same"])], "small", [], [value("same", None)])
    large = helper.make_graph(scaled, "large", [], [value("doubled", None)])
    position = list(graph.node).index(relu) + 1
    condition = [
        helper.make_node("Shape", ["image"], ["shape"]),
        helper.make_node("Gather", ["shape", "axis"], ["height"], axis=0),
        helper.make_node("Greater", ["height", "limit"], ["is_large"]),
        helper.make_node("If", ["is_large"], [before], name="if_large", then_branch=large, else_branch=small),
    ]
    for offset, node in enumerate(condition):
        graph.node.insert(position + offset, node)
    graph.initializer.extend([numpy_helper.from_array(numpy.array(v), n) for n, v in (("axis", 2), ("limit", 1000), ("use_softmax", True))])
    graph.node.append(helper.make_node("If", ["use_softmax"], ["output"], name="if_softmax", then_branch=then, else_branch=other))
    onnx.save(model, path)


def functions(name, path):
    """Model-local functions: one with an attribute handed on and an optional input, one calling the other, two domains."""
    net, image = seeded(name, TinyCnn)
    convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    folded = nn.utils.fusion.fuse_conv_bn_eval(convs[1], net.features[4])
    weights = {
        "w1": convs[0].weight, "b1": convs[0].bias, "w2": folded.weight, "b2": folded.bias, "w3": net.classifier.weight, "b3": net.classifier.bias,
    }  # fmt: skip
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    pads = helper.make_node("Conv", ["x", "w", "b"], ["c"])
    reference = onnx.AttributeProto(name="pads", type=onnx.AttributeProto.INTS, ref_attr_name="pads")
    pads.attribute.append(reference)
    conv_relu = helper.make_function("local", "ConvRelu", ["x", "w", "b"], ["y"], [pads, helper.make_node("Relu", ["c"], ["y"])], opset, ["pads"])
    stage = helper.make_function(
        "local", "Stage", ["x", "w", "b"], ["y"],
        [helper.make_node("ConvRelu", ["x", "w", "b"], ["c"], domain="local", pads=[1, 1, 1, 1]), helper.make_node("MaxPool", ["c"], ["y"], kernel_shape=[2, 2], strides=[2, 2])],
        opset,
    )  # fmt: skip
    head = helper.make_function(
        "local.head", "Head", ["x", "w", "b"], ["y"],
        [helper.make_node("GlobalAveragePool", ["x"], ["p"]), helper.make_node("Flatten", ["p"], ["f"]), helper.make_node("Gemm", ["f", "w", "b"], ["y"], transB=1)],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    nodes = [
        helper.make_node("Stage", ["image", "w1", "b1"], ["s"], "stage", domain="local"),
        helper.make_node("ConvRelu", ["s", "w2", "b2"], ["t"], "conv", domain="local", pads=[1, 1, 1, 1]),
        helper.make_node("Head", ["t", "w3", "b3"], ["output"], "head", domain="local.head"),
    ]
    tensors = [numpy_helper.from_array(w.detach().numpy(), n) for n, w in weights.items()]
    graph = helper.make_graph(nodes, "tiny-functions", [value("image", ["batch", 3, 32, 32])], [value("output", ["batch", CLASSES])], tensors)
    imports = [*opset, helper.make_opsetid("local.head", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, functions=[conv_relu, stage, head], ir_version=8, producer_name="seewhy small_models.py"), path)


def old_style(name, path):
    """Opset 9, IR 3: weights listed among the graph's inputs."""
    net, image = seeded(name, Relu6Cnn)
    export(net, image, path, opset_version=9, keep_initializers_as_inputs=True)
    model = onnx.load(path)
    model.ir_version = 3
    onnx.save(model, path)


def value(name, shape, element=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


SMALL = {
    "tiny-cnn": simple(lambda: TinyCnn(last=nn.Softmax(1))),
    "tiny-vit": simple(tiny_vit),
    "tiny-swin": swin,
    "tiny-external": external,
    "tiny-fp16": half,
    "tiny-qdq": static_qdq,
    "tiny-dynamic-quantised": dynamic_quantised,
    "tiny-grey": simple(lambda: TinyCnn(channels=1), (1, 28, 28)),
    "tiny-two-inputs": two_inputs,
    "tiny-binary": simple(lambda: TinyCnn(classes=1, last=nn.Sigmoid())),
    "tiny-if": constant_if,
    "tiny-functions": functions,
    "tiny-fixed-batch": simple(FixedBatch, free=False),
    "tiny-segmentation": simple(Segmentation),
    "tiny-opset9": old_style,
    "tiny-yolo": simple(lambda: Yolo(classes=3, bins=8, width=4, hidden=12), (3, 64, 64)),
    "parity-cnn": simple(lambda: ParityCnn((32, 32)), names=("input",)),
    "parity-wide": simple(lambda: ParityCnn((48, 64)), (3, 48, 64), names=("input",)),
    "parity-residual": simple(ParityResidual, (3, 64, 64), names=("input",)),
}


def check(path):
    """One line about the model; an error if it is invalid, too large or gives anything but finite numbers."""
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    generator = numpy.random.default_rng(1)
    feeds = {}
    for i in session.get_inputs():
        shape = [n if isinstance(n, int) else 2 for n in i.shape]
        feeds[i.name] = generator.standard_normal(shape).astype(numpy.float16 if "16" in i.type else numpy.float32)
    outputs = session.run(None, feeds)
    if not all(numpy.isfinite(o).all() for o in outputs):
        raise ValueError(f"{path.name}: not finite")
    files = [path, *path.parent.glob(f"{path.stem}.data")]
    size = sum(f.stat().st_size for f in files)
    limit = 300_000 if path.stem.startswith("parity") else 100_000
    if size > limit:
        raise ValueError(f"{path.name}: {size} bytes, at most {limit}")
    model = onnx.load(path, load_external_data=False)
    ops = sorted({n.op_type for n in model.graph.node})
    shapes = ", ".join(f"{i.name}{i.shape}" for i in session.get_inputs())
    print(f"{path.name}: {size} bytes, opset {model.opset_import[0].version}, {shapes} -> {[o.shape for o in outputs]}; {' '.join(ops)}", flush=True)


def main():
    MODELS.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or SMALL:
        path = MODELS / f"{name}.onnx"
        SMALL[name](name, path)
        check(path)


if __name__ == "__main__":
    main()
