"""Small whole models, saved by Keras 3 with its own predictions, written as layers.py writes its families: fixtures/keras.

    $py tools/keras/small.py

    grey    one channel, height and width open
    mixed   dtype policy mixed_float16; the prediction beside it is that of the same weights in float32, which is what can be held to 1e-4
"""
import json

import keras
import numpy
from layers import OUT, encode, randomise

L = keras.layers


def grey():
    image = keras.Input((None, None, 1), name="image")
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="conv")(image)
    x = L.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="last")(L.MaxPooling2D()(x))
    return keras.Model(image, L.Dense(3, activation="softmax", name="head")(L.GlobalAveragePooling2D()(x)), name="grey")


def mixed():
    image = keras.Input((16, 16, 3), name="image")
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="conv")(L.Rescaling(1 / 255)(image))
    x = L.BatchNormalization(name="bn")(x)
    x = L.Dense(3, name="head")(L.GlobalAveragePooling2D()(x))
    return keras.Model(image, L.Activation("softmax", dtype="float32", name="softmax")(x), name="mixed")


def write(name, model, reference, pictures):
    model.save(OUT / f"{name}.keras")
    record = {"model": f"{name}.keras", "version": keras.__version__, "inputs": {"image": encode(pictures)}, "outputs": [encode(reference.predict_on_batch(pictures))]}
    (OUT / f"{name}.keras.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")


def main():
    generator = numpy.random.default_rng(11)
    model = grey()
    randomise(model)
    write("grey", model, model, generator.standard_normal((2, 12, 10, 1)).astype("float32"))
    keras.config.set_dtype_policy("mixed_float16")
    half = mixed()
    randomise(half)
    keras.config.set_dtype_policy("float32")
    whole = mixed()
    whole.set_weights(half.get_weights())
    write("mixed", half, whole, generator.uniform(0, 255, (2, 16, 16, 3)).astype("float32"))


main()
