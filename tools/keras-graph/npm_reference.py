"""Writes input.npy and output.npy (by TensorFlow) for a TensorFlow.js graph model in a folder.

    $py tools/keras-graph/npm_reference.py FOLDER

The model is put together again from its JSON and shards; fused operations, of which TensorFlow has other versions, are taken apart.
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402
from google.protobuf.json_format import ParseDict  # noqa: E402
from graph_model import run  # noqa: E402

PARTS = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative", "_FusedMatMul": "MatMul"}
KEEP = ("T", "strides", "padding", "dilations", "data_format", "transpose_a", "transpose_b", "explicit_paddings")


def weights(folder, manifest):
    for group in manifest:
        data, at = b"".join((folder / path).read_bytes() for path in group["paths"]), 0
        for entry in group["weights"]:
            quantization = entry.get("quantization")
            stored = numpy.dtype((quantization or entry)["dtype"]).newbyteorder("<")
            count = int(numpy.prod(entry["shape"], dtype="int64"))
            array = numpy.frombuffer(data, stored, count, at)
            at += count * stored.itemsize
            if quantization and "scale" in quantization:
                array = array.astype("float64") * quantization["scale"] + quantization["min"]
            yield entry["name"], array.astype(entry["dtype"]).reshape(entry["shape"])


def graph_of(folder):
    model = json.loads((folder / "model.json").read_text())
    constants = dict(weights(folder, model["weightsManifest"]))
    graph = tf.compat.v1.GraphDef()
    for item in model["modelTopology"]["node"]:
        node = ParseDict({**item, "attr": {key: value for key, value in item.get("attr", {}).items() if key != "_output_shapes"}}, tf.compat.v1.NodeDef())
        node.device = ""
        if node.op == "Const" and node.name in constants:
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(constants[node.name]))
        if node.op not in PARTS:
            graph.node.append(node)
            continue
        ops = [op.decode() for op in node.attr["fused_ops"].list.s]
        inputs, more = list(node.input[:2]), list(node.input[2:])
        previous = f"{node.name}/part"
        first = graph.node.add(name=previous, op=PARTS[node.op], input=inputs)
        for key in KEEP:
            if key in node.attr:
                first.attr[key].CopyFrom(node.attr[key])
        for index, op in enumerate(ops):
            name = node.name if index == len(ops) - 1 else f"{node.name}/part{index}"
            made = graph.node.add(name=name, op=op, input=[previous, more.pop(0)] if op == "BiasAdd" else [previous])
            made.attr["T"].CopyFrom(node.attr["T"])
            previous = name
    outputs = [entry["name"] for entry in (model.get("signature") or {}).get("outputs", {}).values()]
    read = {name.split(":")[0] for node in graph.node for name in node.input}
    return graph, [name.split(":")[0] for name in outputs] or [node.name for node in graph.node if node.name not in read and node.op != "Const"]


def main(folder):
    graph, outputs = graph_of(folder)
    (placeholder,) = [node for node in graph.node if node.op == "Placeholder"]
    dims = [2 if dim.size < 0 else dim.size for dim in placeholder.attr["shape"].shape.dim]
    image = numpy.random.default_rng(9).uniform(0, 1, dims).astype("float32")
    (output,) = run(graph, {placeholder.name: image}, outputs)
    numpy.save(folder / "input.npy", image)
    numpy.save(folder / "output.npy", output)
    print(folder.name, outputs, output.shape, float(output.max()))


main(pathlib.Path(sys.argv[1]))
