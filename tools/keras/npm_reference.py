"""Keras's own prediction of a TensorFlow.js Layers model: npm_reference.py FOLDER writes input.npy and output.npy.

The topology goes through tf_keras, the weights are decoded here by NumPy.
"""
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy  # noqa: E402
import tf_keras as keras  # noqa: E402


def weights_of(folder, manifest):
    values = {}
    for group in manifest:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        at = 0
        for spec in group["weights"]:
            quantized = spec.get("quantization")
            dtype = numpy.dtype((quantized or spec)["dtype"])
            count = int(numpy.prod(spec["shape"]))
            raw = numpy.frombuffer(data, dtype, count, at).reshape(spec["shape"])
            at += count * dtype.itemsize
            if quantized and dtype.kind == "u":
                raw = raw.astype("float32") * numpy.float32(quantized["scale"]) + numpy.float32(quantized["min"])
            values[spec["name"]] = raw.astype("float32")
        assert at == len(data)
    return values


def main():
    folder = pathlib.Path(sys.argv[1])
    model_json = json.loads((folder / "model.json").read_text())
    topology = model_json["modelTopology"]
    model = keras.models.model_from_json(json.dumps(topology.get("model_config", topology)))
    values = weights_of(folder, model_json["weightsManifest"])
    model.set_weights([values[weight.name.removesuffix(":0")] for weight in model.weights])
    shape = [size or 224 for size in model.input_shape[1:]]
    image = numpy.random.default_rng(31).uniform(0, 1, (2, *shape)).astype("float32")
    numpy.save(folder / "output.npy", model.predict_on_batch(image))
    numpy.save(folder / "input.npy", image)


main()
