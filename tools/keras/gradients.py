"""Input gradients of the layers of layers.py by tf.GradientTape: fixtures/keras/FAMILY.FRAMEWORK.gradients.json.

    $py tools/keras/gradients.py [FAMILY…]          (default: attention masking)

For each output y of an attention layer of FAMILY.keras and FAMILY.h5 the gradient of Σ sin(1 + i) · y_i (i over all its numbers in order) by
the input of the family's record; null for the other outputs (recurrent layers are held against finite differences).
"""
import base64
import json
import sys

from layers import FAMILIES, OUT, encode, keras2, keras3, numpy, tf


def seed(shape):
    return numpy.sin(1 + numpy.arange(numpy.prod(shape, dtype=int))).reshape(shape).astype("float32")


def decode(entry):
    return numpy.frombuffer(base64.b64decode(entry["data"]), "<f4").reshape(entry["dims"])


def main():
    for family in sys.argv[1:] or ["attention", "masking"]:
        for which in FAMILIES[family][1]:
            K = keras3 if which == "keras" else keras2
            record = json.loads((OUT / f"{family}.{which}.json").read_text())
            model = K.models.load_model(OUT / record["model"], compile=False)
            (picture,) = record["inputs"].values()
            x = tf.constant(decode(picture))
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                sums = [tf.reduce_sum(y * seed(y.shape)) for y in model(x, training=False)]
            found = [tape.gradient(value, x) if "attention" in name else None for name, value in zip(model.output_names, sums)]
            gradients = [None if gradient is None else encode(gradient) for gradient in found]
            (OUT / f"{family}.{which}.gradients.json").write_text(json.dumps({"version": K.__version__, "gradients": gradients}, separators=(",", ":")) + "\n")
            print(family, which, sum(gradient is not None for gradient in found), "gradients")


main()
