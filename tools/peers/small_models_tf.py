#!/usr/bin/env python3
"""Makes the Keras fixtures: fixtures/models/tiny-nhwc.onnx and parity-nhwc.onnx (NHWC pictures, written by tf2onnx).

    python small_models_tf.py        with the Python of the tensorflow environment (tools/peers/install.sh)
"""
import os
import pathlib

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")  # tf2onnx reads Keras 2 models

import numpy  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf2onnx  # noqa: E402

MODELS = pathlib.Path(__file__).resolve().parents[2] / "fixtures/models"
keras = tf.keras


def tiny_nhwc():
    """Conv (SAME, stride 2), depthwise conv with Relu6, max pool, global average pool, Dense with softmax."""
    image = x = keras.Input((32, 32, 3), name="image")
    x = keras.layers.Conv2D(8, 3, 2, "same", use_bias=False)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU(6.0)(x)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.ReLU(6.0)(x)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Conv2D(16, 1, activation="relu", name="last_conv")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(5, activation="softmax", name="predictions")(x), name="tiny-nhwc")


def parity_nhwc():
    """What parity_tf.py explains: not square, a linear head."""
    image = x = keras.Input((48, 64, 3), name="image")
    x = keras.layers.Conv2D(12, 3, padding="same", activation="relu", name="conv1")(x)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="conv2")(x)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Conv2D(24, 3, padding="same", activation="relu", name="conv3")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(7, name="predictions")(x), name="parity-nhwc")


def seeded(make, seed=5):
    """Fixed weights: N(0, 2/fan_in) kernels, jittered one-dimensional ones, BatchNorm statistics of one noise batch."""
    model = make()
    generator = numpy.random.default_rng(seed)
    weights = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        if len(shape) == 1:
            weights.append(weight.numpy() + 0.1 * generator.standard_normal(shape))
        else:
            fan_in = numpy.prod(shape[:2]) if "depthwise" in weight.name else numpy.prod(shape[:-1])
            weights.append(generator.standard_normal(shape) * (2 / fan_in) ** 0.5)
    model.set_weights(weights)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(generator.standard_normal((8, *model.input_shape[1:])).astype("float32"), training=True)
    return model


def write(make):
    model = seeded(make)
    path = MODELS / f"{model.name}.onnx"
    signature = (tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="image"),)
    tf2onnx.convert.from_keras(model, input_signature=signature, opset=15, output_path=str(path))
    onnx.checker.check_model(str(path), full_check=True)
    image = numpy.random.default_rng(1).standard_normal((2, *model.input_shape[1:])).astype("float32")
    got = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"image": image})[0]
    difference = abs(got - model(image).numpy()).max()
    assert difference < 1e-5, difference
    ops = sorted({n.op_type for n in onnx.load(path).graph.node})
    print(f"{path.name}: {path.stat().st_size} bytes, opset 15, image{list(image.shape)} -> {list(got.shape)}, {difference:.0e} off Keras; {' '.join(ops)}")
    return model


if __name__ == "__main__":
    write(tiny_nhwc)
    write(parity_nhwc)
