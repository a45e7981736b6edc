#!/usr/bin/env python3
"""Makes the Keras networks of the benchmark: seeded random weights, the same in each file.

    python keras_models.py          with the Python of the tensorflow environment (tools/peers/install.sh)

    <name>.h5             by tf_keras, for the peers, which need Keras 2
    <name>.keras          by Keras 3
    <name>.tf2onnx.onnx   tf2onnx's export of that

in $SEEWHY_BENCH (~/.cache/seewhy/bench). What is there already is not made again. Weights are made by
tools/keras/applications.py, so that activations and gradients keep their scale through the depth.
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools/keras"))
import applications  # noqa: E402
import keras  # noqa: E402
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf2onnx  # noqa: E402
import tf_keras  # noqa: E402

CACHE = pathlib.Path(os.environ.get("SEEWHY_BENCH", pathlib.Path.home() / ".cache/seewhy/bench"))
# EfficientNetB5 as those of melanoma competitions have it: 456 pixels, one sigmoid output.
NETWORKS = {"MobileNetV2": {}, "EfficientNetB5": {"classes": 1, "classifier_activation": "sigmoid"}}


def make(name):
    older = applications.build(tf_keras, name, **NETWORKS[name])
    shape = older.input_shape[1:]
    applications.randomise(tf_keras, older, applications.noise(name, shape, 2))
    newer = applications.build(keras, name, **NETWORKS[name])
    newer.set_weights(older.get_weights())
    image = applications.noise(name, shape, 1)
    away = numpy.abs(newer.predict_on_batch(image) - older.predict_on_batch(image)).max()
    if away > 1e-4:
        raise SystemExit(f"{name}: Keras 3 and tf_keras predict differently ({away:.1e}) with the same weights")
    older.save(CACHE / f"{name}.h5")
    signature = (tf.TensorSpec((None, *shape), tf.float32, name="input"),)
    function = tf.function(lambda input: newer(input, training=False))
    tf2onnx.convert.from_function(function, input_signature=signature, opset=17, output_path=str(CACHE / f"{name}.tf2onnx.onnx"))
    # Last: where it is, the rest is complete.
    newer.save(CACHE / f"{name}.part.keras")
    (CACHE / f"{name}.part.keras").rename(CACHE / f"{name}.keras")


if __name__ == "__main__":
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in NETWORKS:
        if not (CACHE / f"{name}.keras").exists():
            make(name)
            print(f"made {name}", flush=True)
