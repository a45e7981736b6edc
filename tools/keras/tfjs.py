"""A tiny model as TensorFlow.js Layers files, plain and quantised: fixtures/keras/tfjs-*.

The layout is tensorflowjs_converter's: model.json with modelTopology and weightsManifest, shards of raw bytes; affine quantisation
q = round((w − min)/scale). What is expected is Keras's prediction with the weights as they come back.
"""
import base64
import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy  # noqa: E402
import tf_keras as keras  # noqa: E402

OUT = pathlib.Path(__file__).parents[2] / "fixtures/keras"
L = keras.layers


def build():
    keras.backend.clear_session()
    inner = keras.Sequential([keras.Input((8, 8, 4)), L.SeparableConv2D(4, 3, padding="same", name="sep"), L.BatchNormalization(name="bn")], name="inner")
    image = keras.Input((16, 16, 3), name="image")
    x = L.Conv2D(4, 3, strides=2, padding="same", activation="hard_sigmoid", name="conv1")(image)
    x = L.Add(name="add")([x, inner(x)])
    x = L.Bidirectional(L.LSTM(3), name="both")(L.Reshape((8, 32))(x))
    model = keras.Model(image, L.Dense(3, activation="softmax", name="predictions")(x), name="tiny")
    generator = numpy.random.default_rng(2)
    model.set_weights([generator.uniform(0.5, 1.5, w.shape) if "variance" in v.name else 0.5 * generator.standard_normal(w.shape) for w, v in zip(model.get_weights(), model.weights)])
    return model


def quantise(values, dtype):
    """Stored bytes, the manifest's entry, and the values that come back."""
    if dtype == "float32":
        return values.astype("<f4").tobytes(), None, values
    if dtype == "float16":
        half = values.astype("<f2")
        return half.tobytes(), {"dtype": "float16", "original_dtype": "float32"}, half.astype("float32")
    steps = numpy.iinfo(dtype).max
    low, high = float(values.min()), float(values.max())
    scale = (high - low) / steps or 1.0
    levels = numpy.round((values - low) / scale).astype(dtype)
    entry = {"dtype": dtype, "min": low, "scale": scale, "original_dtype": "float32"}
    return levels.tobytes(), entry, levels.astype("float32") * numpy.float32(scale) + numpy.float32(low)


def encode(array):
    array = numpy.ascontiguousarray(array, dtype="<f4")
    return {"dims": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def make(dtype, shards):
    model = build()
    data, specs, back = b"", [], []
    for weight, variable in zip(model.get_weights(), model.weights):
        stored, quantization, values = quantise(weight, dtype)
        spec = {"name": variable.name.removesuffix(":0"), "shape": list(weight.shape), "dtype": "float32"}
        specs.append(spec | ({"quantization": quantization} if quantization else {}))
        data += stored
        back.append(values)
    model.set_weights(back)
    folder = OUT / f"tfjs-{dtype}"
    folder.mkdir(parents=True, exist_ok=True)
    size = -(-len(data) // shards)
    paths = [f"group1-shard{at + 1}of{shards}.bin" for at in range(shards)]
    for at, path in enumerate(paths):
        (folder / path).write_bytes(data[at * size : (at + 1) * size])
    topology = {"keras_version": keras.__version__, "backend": "tensorflow", "model_config": json.loads(model.to_json())}
    document = {"format": "layers-model", "generatedBy": f"keras v{keras.__version__}", "convertedBy": None, "modelTopology": topology,
                "weightsManifest": [{"paths": paths, "weights": specs}]}  # fmt: skip
    (folder / "model.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
    x = numpy.random.default_rng(4).standard_normal((2, 16, 16, 3)).astype("float32")
    record = {"model": f"tfjs-{dtype}/model.json", "version": keras.__version__, "inputs": {"image": encode(x)}, "outputs": [encode(model.predict_on_batch(x))]}
    (OUT / f"{dtype}.tfjs.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    # The same as architecture and weights.
    if dtype == "float32":
        (OUT / "architecture.json").write_text(model.to_json() + "\n")
        model.save_weights(OUT / "architecture.weights.h5")


for dtype, shards in (("float32", 1), ("uint8", 2), ("uint16", 3), ("float16", 1)):
    make(dtype, shards)
