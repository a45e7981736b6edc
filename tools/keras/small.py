"""Small whole models, saved by Keras 3 with its own predictions, written as layers.py writes its families: fixtures/keras.

    $py tools/keras/small.py

    grey    one channel, height and width open
    open        UpSampling2D in every interpolation that leaves height and width open
    operations  keras.ops in the older .h5, which Keras 3 writes but does not read again
    int8        quantised by model.quantize("int8"); the prediction beside it is that of the same weights in float32: Keras rounds what comes
                into such a layer, too
    refused/packed  quantised to 4 bits
    sharded architecture and weights in two files (`save_weights` with `max_shard_size`)
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


def open_sizes():
    image = keras.Input((None, None, 3), name="image")
    x = L.Conv2D(2, 3, padding="same", name="conv")(image)
    return keras.Model(image, [L.UpSampling2D((2, 3), interpolation=name)(x) for name in ("nearest", "bilinear")], name="open")


def operations():
    image = keras.Input((8, 6, 4), name="image")
    x = L.SpatialDropout2D(0.2)(L.Conv2D(4, 3, name="conv")(image))
    o = keras.ops
    y = o.reshape(o.relu(x) * 2.0 + 1.0, (-1, 24, 4))
    z = L.Add(name="sum")([y, o.square(y)])
    pools = [o.adaptive_average_pool(x, (2, 3)), o.adaptive_max_pool(x, (3, 2))]
    return keras.Model(image, [*pools, o.mean(z, axis=1), x[:, 1:, 0], o.concatenate([y, z], -1), o.maximum(o.softmax(x), 0.2)], name="operations")


def sharded(generator):
    image = keras.Input((8, 8, 3), name="image")
    inner = keras.Sequential([keras.Input((6, 6, 16)), L.Conv2D(12, 3, name="second"), L.BatchNormalization(name="bn")], name="inner")
    x = inner(L.Conv2D(16, 3, activation="relu", name="first")(image))
    model = keras.Model(image, L.Dense(3, activation="softmax", name="head")(L.GlobalAveragePooling2D()(x)), name="sharded")
    randomise(model)
    folder = OUT / "sharded"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(model.to_json() + "\n")
    # In GB: the second convolution alone has 7 kB.
    model.save_weights(folder / "model.weights.json", max_shard_size=7.5e-6)
    x = generator.standard_normal((2, 8, 8, 3)).astype("float32")
    record = {"model": "sharded/config.json", "version": keras.__version__, "inputs": {"image": encode(x)}, "outputs": [encode(model.predict_on_batch(x))]}
    (OUT / "sharded.keras.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")


def quantised():
    image = keras.Input((4, 4, 6), name="image")
    x = L.Conv2D(6, 1, name="conv")(image)
    tokens = L.Reshape((16, 6))(x)
    outputs = [
        L.Dense(3, activation="relu", name="dense")(x),
        L.Dense(3, use_bias=False, name="plain")(L.Flatten()(x)),
        L.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d", name="last")(tokens),
        L.EinsumDense("abc,dec->abed", output_shape=(None, 2, 3), name="turned")(tokens),
        L.MultiHeadAttention(2, 4, name="attention")(tokens, tokens),
    ]
    return keras.Model(image, outputs, name="int8")


def dequantise(model, reference):
    """The weights that a quantised model stands for, into a model of floats: layer by layer, w = q / scale."""

    def parts(layer):
        inner = [getattr(layer, f"_{name}_dense") for name in ("query", "key", "value", "output")] if layer.name == "attention" else [layer]
        return [one for one in inner if one.weights]

    for one, other in zip(model.layers, reference.layers):
        for from_, to in zip(parts(one), parts(other)):
            if getattr(from_, "kernel_scale", None) is None:
                to.set_weights(from_.get_weights())
                continue
            scale = numpy.asarray(from_.kernel_scale)
            kernel = numpy.asarray(from_._kernel).astype("float32")
            if from_.name == "turned":
                # [a, b, e, d] for the result; the kernel is [d, e, c].
                scale = scale.reshape(scale.shape[-2:]).T[:, :, None]
            elif scale.ndim > kernel.ndim:
                scale = scale.reshape(scale.shape[-kernel.ndim :])
            to.set_weights([kernel / scale] + ([] if from_.bias is None else [numpy.asarray(from_.bias)]))


def write(name, model, reference, pictures, ending="keras"):
    model.save(OUT / f"{name}.{ending}")
    results = reference.predict_on_batch(pictures)
    results = results if isinstance(results, list) else [results]
    record = {"model": f"{name}.{ending}", "version": keras.__version__, "inputs": {"image": encode(pictures)}, "outputs": [encode(result) for result in results]}
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
    model = open_sizes()
    randomise(model)
    write("open", model, model, generator.standard_normal((2, 5, 7, 3)).astype("float32"))
    model = operations()
    randomise(model)
    write("operations", model, model, generator.standard_normal((2, 8, 6, 4)).astype("float32"), "h5")
    model = quantised()
    randomise(model)
    model.quantize("int8")
    whole8 = quantised()
    dequantise(model, whole8)
    write("int8", model, whole8, generator.standard_normal((2, 4, 4, 6)).astype("float32"))
    image = keras.Input((4,), name="image")
    packed = keras.Model(image, L.Dense(4, name="dense")(image), name="packed")
    packed.quantize("int4")
    (OUT / "refused").mkdir(exist_ok=True)
    packed.save(OUT / "refused/packed.keras")
    sharded(numpy.random.default_rng(12))
    write("mixed", half, whole, generator.uniform(0, 255, (2, 16, 16, 3)).astype("float32"))


main()
