"""Writes fixtures/hostile: small models whose declarations are absurd, or whose gradient path is control flow.

    ~/.cache/seewhy/torch/bin/python tools/peers/hostile_models.py
"""

import os

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "hostile")
generator = numpy.random.default_rng(0)
filters = numpy_helper.from_array((0.3 * generator.normal(size=(4, 3, 3, 3))).astype("float32"), "filters")
head = numpy_helper.from_array(generator.normal(size=(4, 5)).astype("float32"), "head")


def constant(name, values, kind):
    return numpy_helper.from_array(numpy.array(values, kind), name)


def write(name, middle, initializers, image=(1, 3, 32, 32), last=head):
    """A convolution, the nodes between `features` and `activated`, mean over places, a linear head."""
    nodes = [
        helper.make_node("Conv", ["image", "filters"], ["features"], pads=[1, 1, 1, 1]),
        *middle,
        helper.make_node("GlobalAveragePool", ["activated"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["vector"]),
        helper.make_node("MatMul", ["vector", "head"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, image)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (image[0], 5))],
        [filters, last, *initializers],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, os.path.join(FOLDER, f"{name}.onnx"))


def open_value(name, kind=TensorProto.FLOAT, shape=None):
    return helper.make_tensor_value_info(name, kind, shape)


os.makedirs(FOLDER, exist_ok=True)
relu = [helper.make_node("Relu", ["features"], ["activated"])]

body = helper.make_graph(
    [helper.make_node("Identity", ["going"], ["goes"]), helper.make_node("Relu", ["before"], ["after"])],
    "body",
    [open_value("turn", TensorProto.INT64, []), open_value("going", TensorProto.BOOL, []), open_value("before")],
    [open_value("goes", TensorProto.BOOL, []), open_value("after")],
)
write(
    "loop",
    [helper.make_node("Loop", ["turns", "yes", "features"], ["activated"], body=body)],
    [constant("turns", 3, "int64"), constant("yes", True, "bool")],
)

branches = {
    f"{which}_branch": helper.make_graph([helper.make_node(op, ["features"], [which])], which, [], [open_value(which)])
    for which, op in (("then", "Relu"), ("else", "Neg"))
}
write(
    "branch",
    [
        helper.make_node("ReduceSum", ["image"], ["sum"], keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["bright"]),
        helper.make_node("If", ["bright"], ["activated"], **branches),
    ],
    [constant("zero", 0, "float32")],
)

write("huge-picture", relu, [], (1, 3, 2**31, 2**31))
write("huge-batch", relu, [], (2**40, 3, 32, 32))
write(
    "huge-constant",
    [
        helper.make_node("ConstantOfShape", ["huge"], ["zeros"]),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], keepdims=0),
        helper.make_node("Add", ["features", "sum"], ["activated"]),
    ],
    [constant("huge", [2**31, 2**31], "int64")],
)
write(
    "huge-resize",
    [helper.make_node("Resize", ["features", "", "factors"], ["activated"], mode="nearest")],
    [constant("factors", [1, 1, 1e6, 1e6], "float32")],
)
overflowing = TensorProto(name="head", data_type=TensorProto.FLOAT, dims=[2**31, 2**31], raw_data=b"\0" * 16)
write("huge-weight", relu, [], last=overflowing)
