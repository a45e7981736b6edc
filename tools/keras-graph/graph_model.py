"""Writes a Python function of tensors as a TensorFlow.js graph model: frozen GraphDef as protobuf's JSON, constants in a weights manifest."""
import base64
import json

import numpy
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

FUSED = {"Conv2D": "_FusedConv2D", "DepthwiseConv2dNative": "FusedDepthwiseConv2dNative", "MatMul": "_FusedMatMul"}
ACTIVATIONS = {"Relu", "Relu6", "Elu", "LeakyRelu", "Sigmoid"}


def frozen(build, shape, batch=None, optimize=False):
    """The concrete function with its variables as constants, and its results' names. Outputs are Identity nodes, as tf.function makes them."""
    spec = tf.TensorSpec([batch, *shape], tf.float32, name="image")
    concrete = tf.function(build, autograph=False).get_concrete_function(spec)
    whole = convert_variables_to_constants_v2(concrete, lower_control_flow=False, aggressive_inlining=True)
    return whole, [tensor.name.split(":")[0] if tensor.name.endswith(":0") else tensor.name for tensor in whole.outputs]


def encoded(array):
    array = numpy.ascontiguousarray(array, "<f4")
    return {"dims": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def fuse(graph):
    """Conv2D + BiasAdd + activation in one node, as grappler's remapper does it."""
    nodes = {node.name: node for node in graph.node}
    readers = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name.split(":")[0], []).append(node)
    gone = set()
    for node in list(graph.node):
        if node.op not in FUSED:
            continue
        (bias,) = readers[node.name] if len(readers.get(node.name, [])) == 1 else (None,)
        if bias is None or bias.op != "BiasAdd":
            continue
        ops, last = ["BiasAdd"], bias
        after = readers.get(bias.name, [])
        if len(after) == 1 and after[0].op in ACTIVATIONS:
            last = after[0]
            ops.append(last.op)
        inputs = [*node.input, bias.input[1]]
        attr = {key: node.attr[key] for key in node.attr}
        made = tf.compat.v1.NodeDef(name=last.name, op=FUSED[node.op], input=inputs)
        for key, value in attr.items():
            made.attr[key].CopyFrom(value)
        made.attr["fused_ops"].list.s.extend(op.encode() for op in ops)
        made.attr["num_args"].i = 1
        if last.op == "LeakyRelu":
            made.attr["leakyrelu_alpha"].f = last.attr["alpha"].f
        gone |= {node.name, bias.name, last.name}
        nodes[last.name] = made
    result = tf.compat.v1.GraphDef()
    made = {name: node for name, node in nodes.items() if node.op in FUSED.values()}
    result.node.extend(node for node in graph.node if node.name not in gone)
    result.node.extend(made.values())
    result.versions.CopyFrom(graph.versions)
    return result


def quantised(array, kind):
    """What tensorflowjs_converter stores: (bytes, description, the values that they stand for)."""
    if kind == "float16":
        half = array.astype("<f2")
        return half.tobytes(), {"dtype": kind, "original_dtype": "float32"}, half.astype("float32")
    top = 255 if kind == "uint8" else 65535
    low, high = float(array.min()), float(array.max())
    scale = (high - low) / top or 1.0
    steps = numpy.round((array - low) / scale).astype("<u1" if kind == "uint8" else "<u2")
    values = (steps.astype("float64") * scale + low).astype("float32")
    return steps.tobytes(), {"dtype": kind, "min": low, "scale": scale, "original_dtype": "float32"}, values


def write(folder, name, graph, outputs, quantize=None):
    """model.json and one shard. Returns the GraphDef with the weights as they were stored, for the reference."""
    manifest, shard = [], b""
    stored = tf.compat.v1.GraphDef()
    stored.CopyFrom(graph)
    for node in stored.node:
        if node.op != "Const":
            continue
        array = tf.make_ndarray(node.attr["value"].tensor)
        entry = {"name": node.name, "shape": list(array.shape), "dtype": {"float32": "float32", "bool": "bool"}.get(str(array.dtype), "int32")}
        if quantize and entry["dtype"] == "float32" and array.size > 1:
            data, entry["quantization"], values = quantised(array, quantize)
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
        else:
            data = array.astype({"float32": "<f4", "int32": "<i4", "bool": "?"}[entry["dtype"]]).tobytes()
        shard += data
        manifest.append(entry)
    bare = tf.compat.v1.GraphDef()
    bare.CopyFrom(stored)
    for node in bare.node:
        node.attr.pop("_output_shapes", None)
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            shape, dtype = tensor.tensor_shape, tensor.dtype
            fresh = tf.compat.v1.GraphDef().node.add().attr["value"].tensor
            fresh.dtype = dtype
            fresh.tensor_shape.CopyFrom(shape)
            tensor.CopyFrom(fresh)
    signature = {"outputs": {f"output_{index}": {"name": output if ":" in output else f"{output}:0"} for index, output in enumerate(outputs)}}
    model = {
        "format": "graph-model",
        "generatedBy": tf.__version__,
        "signature": signature,
        "modelTopology": {"node": MessageToDict(bare)["node"], "versions": {"producer": graph.versions.producer}},
        "weightsManifest": [{"paths": [f"{name}.bin"], "weights": manifest}],
    }
    (folder / f"{name}.json").write_text(json.dumps(model, separators=(",", ":")) + "\n")
    (folder / f"{name}.bin").write_bytes(shard)
    return stored


def run(graph, feeds, outputs):
    """TensorFlow's results of a GraphDef."""
    with tf.Graph().as_default():
        tf.import_graph_def(graph, name="")
        with tf.compat.v1.Session() as session:
            names = [output if ":" in output else f"{output}:0" for output in outputs]
            return session.run(names, {f"{name}:0": value for name, value in feeds.items()})


def save(folder, name, shape, build, batch=None, quantize=(), size=None, fuse=False):
    whole, outputs = frozen(build, shape, batch)
    graph = whole.graph.as_graph_def()
    kind = quantize[0] if quantize else None
    written = write(folder, name, globals()["fuse"](graph) if fuse else graph, outputs, kind)
    reference = graph if fuse else written
    dims = [batch or 2, *(size or shape[:2]), shape[2]]
    image = numpy.random.default_rng(11).normal(0, 1, dims).astype("float32")
    (placeholder,) = [node.name for node in graph.node if node.op == "Placeholder"]
    results = run(reference, {placeholder: image}, outputs)
    case = {"tensorflow": tf.__version__, "inputs": {placeholder: encoded(image)}, "outputs": {output: encoded(value) for output, value in zip(outputs, results)}}
    (folder / f"{name}.case.json").write_text(json.dumps(case, separators=(",", ":")) + "\n")
    return len(outputs)
