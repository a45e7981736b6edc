"""What Keras's own ONNX export makes of a network with a Normalization: fixtures/keras/exported.onnx, and Keras's prediction.

    $py tools/keras/exported.py [--efficientnet FOLDER]

tf2onnx, which Keras calls, folds the constants of the Normalization into a product and leaves them behind as required inputs that no
node uses: ONNX Runtime then refuses to run without them. --efficientnet writes the same of EfficientNetB5 (120 MB) into a folder.
"""
import argparse
import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras  # noqa: E402
import numpy  # noqa: E402
import onnx  # noqa: E402
from layers import OUT, encode  # noqa: E402

L = keras.layers


def small():
    keras.utils.set_random_seed(3)
    image = keras.Input((16, 16, 3), name="picture")
    normalization = L.Normalization(axis=-1)
    x = normalization(L.Rescaling(1 / 255)(image))
    x = L.MaxPooling2D()(L.Conv2D(6, 3, padding="same", activation="relu", name="conv")(x))
    x = L.Conv2D(8, 3, padding="same", activation="relu", name="last")(x)
    x = L.Dense(4, activation="softmax", name="head")(L.GlobalAveragePooling2D()(x))
    # The statistics come from weights, as in keras.applications, not from arguments.
    normalization.set_weights([numpy.array(v, "float32") for v in ([0.4, 0.45, 0.5], [0.05, 0.06, 0.07])] + [numpy.array(0)])
    normalization.finalize_state()
    return keras.Model(image, x, name="exported")


def unused(path):
    graph = onnx.load(path).graph
    read = {name for node in graph.node for name in node.input}
    return [value.name for value in graph.input if value.name not in read]


def export(model, stem):
    pictures = numpy.random.default_rng(11).uniform(0, 255, (2, *model.input_shape[1:])).astype("float32")
    output = model.predict_on_batch(pictures)  # export asks for a model that was called
    model.export(f"{stem}.onnx", format="onnx", verbose=False)
    left = unused(f"{stem}.onnx")
    assert len(left) == 2, f"the export leaves {left}"
    record = {"model": pathlib.Path(f"{stem}.onnx").name, "version": keras.__version__, "unused": left, "input": encode(pictures), "output": encode(output)}
    pathlib.Path(f"{stem}.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")


parser = argparse.ArgumentParser()
parser.add_argument("--efficientnet", type=pathlib.Path)
folder = parser.parse_args().efficientnet
if folder:
    keras.utils.set_random_seed(3)
    export(keras.applications.EfficientNetB5(weights=None), folder / "EfficientNetB5.exported")
else:
    export(small(), OUT / "exported")
