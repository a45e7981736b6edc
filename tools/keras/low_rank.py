"""Layers with LoRA in the older .h5, where Keras 3 keeps the two factors beside each weight: fixtures/keras/lora.h5, refused/lora.h5.

    $py tools/keras/low_rank.py

Keras does not write the alpha of layers inside a layer (refused/lora.h5: an attention).
"""
import json

import keras
import numpy
from layers import OUT, encode, randomise

L = keras.layers


def adapted():
    image = keras.Input((6, 5, 3), name="image")
    conv, einsum, dense, plain = L.Conv2D(4, 3, name="conv"), L.EinsumDense("abcd,de->abce", output_shape=(None, None, 5), name="einsum"), L.Dense(3, name="dense"), L.Dense(2, name="plain")
    table = L.Embedding(7, 4, name="table")
    rows = table(keras.ops.cast(keras.ops.clip(image[:, :, 0, 0] * 2 + 3, 0, 6), "int32"))
    x = L.GlobalAveragePooling2D(name="mean")(einsum(conv(image)))
    model = keras.Model(image, [dense(x), plain(x), rows], name="lora")
    conv.enable_lora(2)
    einsum.enable_lora(1)
    dense.enable_lora(2, lora_alpha=3)
    table.enable_lora(2)
    randomise(model)
    return model


def inside():
    image = keras.Input((4, 3), name="image")
    attention = L.MultiHeadAttention(2, 3, name="attention")
    model = keras.Model(image, attention(image, image), name="inside")
    attention._query_dense.enable_lora(2)
    randomise(model)
    return model


def main():
    model = adapted()
    model.save(OUT / "lora.h5")
    x = numpy.random.default_rng(14).standard_normal((2, 6, 5, 3)).astype("float32")
    record = {"model": "lora.h5", "version": keras.__version__, "inputs": {"image": encode(x)}, "outputs": [encode(result) for result in model.predict_on_batch(x)]}
    (OUT / "lora.keras.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    inside().save(OUT / "refused/lora.h5")


main()
