"""Networks of keras.applications (seeded random weights) as TensorFlow.js graph models, with TensorFlow's
logits and input gradients.

    $py tools/keras-graph/networks.py [NAME…]

Files go to ${SEEWHY_KERAS:-~/.cache/seewhy/keras}/graph: NAME.json, NAME.bin, NAME.input.npy, NAME.output.npy, NAME.gradient.npy,
NAME.facts.json (target class; relative L2 error of TensorFlow's own float32 gradient against its float64 one). `--fuse` writes grappler's
fused operations.
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras  # noqa: E402
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402
from graph_model import frozen, fuse, run, write  # noqa: E402

FOLDER = pathlib.Path(os.environ.get("SEEWHY_KERAS") or pathlib.Path.home() / ".cache/seewhy/keras") / "graph"
NETWORKS = {"MobileNetV2": 224, "EfficientNetB0": 224, "ResNet50": 224, "InceptionV3": 299, "DenseNet121": 224}


def build(name, size, dtype):
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    keras.utils.set_random_seed(5)
    model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), classifier_activation=None)
    random = numpy.random.default_rng(5)
    for weight in model.weights:
        path, shape = weight.path, weight.shape
        if path.endswith(("variance", "gamma")) and "layer_scale" not in path:
            value = random.uniform(0.5, 1.5, shape)
        elif path.endswith(("mean", "beta", "bias")):
            value = random.normal(0, 0.1, shape)
        elif path.endswith("kernel"):
            fan = numpy.prod(shape[:-1]) if "depthwise" not in path else numpy.prod(shape[:2])
            value = random.normal(0, numpy.sqrt(2 / fan), shape)
        else:
            value = random.uniform(0.2, 1, shape)
        weight.assign(value.astype(dtype))
    return model


def gradient(model, image, target, dtype):
    x = tf.constant(image[:1].astype(dtype))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x, training=False)[:, target]
    return tape.gradient(y, x).numpy()


def main(names):
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names or NETWORKS:
        size = NETWORKS[name]
        image = numpy.random.default_rng(3).uniform(-1, 1, (2, size, size, 3)).astype("float32")
        model = build(name, size, "float32")
        whole, outputs = frozen(lambda x: model(x, training=False), (size, size, 3))
        graph = whole.graph.as_graph_def()
        write(FOLDER, name, fuse(graph), outputs)
        (placeholder,) = [node.name for node in graph.node if node.op == "Placeholder"]
        (output,) = run(graph, {placeholder: image}, outputs)
        target = int(output[0].argmax())
        single = gradient(model, image, target, "float32")
        double = gradient(build(name, size, "float64"), image, target, "float64")
        error = numpy.linalg.norm(single - double) / numpy.linalg.norm(double)
        for key, value in {"input": image, "output": output, "gradient": double}.items():
            numpy.save(FOLDER / f"{name}.{key}.npy", value)
        facts = {"name": name, "target": target, "gradientError": float(error), "tensorflow": tf.__version__, "keras": keras.__version__}
        (FOLDER / f"{name}.facts.json").write_text(json.dumps(facts) + "\n")
        print(facts)


main(sys.argv[1:])
