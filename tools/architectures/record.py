"""The JSON record beside each exported model (described in README.md), shared by the torch and the Keras exports."""
import numpy
import onnx
import onnxruntime


def describe(architecture, exporter, path, *, image, target, value, output, errors, versions, gradient_by, others=None):
    """Runs the file once in ONNX Runtime and describes it. `output` is the reference's whole float64 output, `others` are
    values for further inputs."""
    model = onnx.load(path, load_external_data=False)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 2
    unused = unused_inputs(model)
    if unused:  # tf2onnx leaves some behind; the runtime would ask for them
        for item in [i for i in model.graph.input if i.name in unused]:
            model.graph.input.remove(item)
    session = onnxruntime.InferenceSession(model.SerializeToString() if unused else str(path), options, providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0]
    dtype = numpy.float16 if feed.type == "tensor(float16)" else numpy.float32
    got = session.run(None, {feed.name: image.astype(dtype), **(others or {})})[0]
    difference = numpy.linalg.norm(got - output) / numpy.linalg.norm(output)
    return {
        "name": architecture.name,
        "family": architecture.family,
        "exporter": exporter,
        "model": path.name,
        "opset": next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")),
        "ir": model.ir_version,
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "input": {"name": feed.name, "type": dtype.__name__, "shape": list(image.shape), "file": f"{architecture.name}.input.npy"},
        "output": {"name": session.get_outputs()[0].name, "shape": list(output.shape)},
        "unusedInputs": unused,
        "batch": "free" if batch_is_free(session, feed.name, image.astype(dtype), got, others or {}) else "fixed",
        "target": list(target),
        "logit": value,
        "gradient": {"file": f"{architecture.name}.gradient.npy", "by": gradient_by},
        "error": errors,
        "runtimeError": float(difference),
        "nodes": len(model.graph.node),
        "ops": sorted({(n.domain + "." if n.domain not in ("", "ai.onnx") else "") + n.op_type for n in model.graph.node}),
        "recipe": architecture.recipe,
        "versions": versions | {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__},
    }


def unused_inputs(model):
    used = {name for node in model.graph.node for name in node.input}
    return [i.name for i in model.graph.input if i.name not in used]


def batch_is_free(session, name, image, single, others):
    """Whether a batch of two equal images gives the single answer twice."""
    try:
        twice = session.run(None, {n: numpy.concatenate([v, v]) for n, v in {name: image, **others}.items()})[0]
    except Exception:
        return False
    return twice.shape[0] == 2 and all(numpy.linalg.norm(item - single[0]) <= 1e-3 * numpy.linalg.norm(single[0]) for item in twice)
