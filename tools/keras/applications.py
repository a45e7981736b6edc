"""Whole networks of keras.applications with seeded weights, saved by Keras, with Keras's own predictions.

    $py tools/keras/applications.py [NAME…] [--framework keras|tf_keras] [--ci] [--gradients] [--exact] [--force]
    $py tools/keras/applications.py --list > tools/keras/networks.json

Keras 3 saves `.keras`, tf_keras (Keras 2) `.h5`. Files go to ${SEEWHY_KERAS:-$HOME/.cache/seewhy/keras}, per network and framework:

    NAME.FRAMEWORK.keras|h5     the model
    NAME.FRAMEWORK.input.npy    a batch of two pictures
    NAME.FRAMEWORK.output.npy   Keras's prediction
    NAME.FRAMEWORK.exact.npy    (--exact) the same in float64; the record then has the error of the framework's own float32 prediction
    NAME.FRAMEWORK.gradient.npy (--gradients) gradient of output[0, target] by the first picture in float64; the record then has the error of
                                the framework's own float32 gradient
    NAME.FRAMEWORK.json         the record, written last: where it is, the rest is complete
"""
import argparse
import json
import os
import pathlib
import sys
import time
import traceback

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy  # noqa: E402

CI = """
MobileNetV2 EfficientNetB0 ResNet50 DenseNet121 InceptionV3 NASNetMobile ConvNeXtTiny MobileNetV3Small ResNet50V2 RegNetX002 RegNetY002 ResNetRS50
""".split()
# With a gradient in --ci. Not ConvNeXt: TensorFlow needs minutes for the gradient of its depthwise convolutions in float64.
GRADIENTS = ["MobileNetV2", "EfficientNetB0", "MobileNetV3Small", "InceptionV3", "DenseNet121"]
TARGET = 7


def framework(name):
    if name == "keras":
        import keras

        return keras
    import tf_keras

    return tf_keras


def load(keras, file):
    """A saved network; tf_keras does not know the classes of its own ConvNeXt by name."""
    custom = {}
    if keras.__name__ == "tf_keras":
        from tf_keras.src.applications import convnext

        custom = {"LayerScale": convnext.LayerScale, "StochasticDepth": convnext.StochasticDepth}
    return keras.models.load_model(file, custom_objects=custom, compile=False)


def networks(keras):
    return sorted(name for name, item in vars(keras.applications).items() if callable(item) and name[0].isupper())


def build(keras, name, precision="float32", **options):
    keras.backend.clear_session()
    keras.backend.set_floatx(precision)
    # MobileNetV3 leaves the size of pictures open unless it is given.
    if name.startswith("MobileNetV3"):
        options.setdefault("input_shape", (224, 224, 3))
    return getattr(keras.applications, name)(weights=None, **options)


def noise(name, shape, batch):
    """Normal noise in the range the network takes: those that rescale inside take 0…255."""
    pictures = numpy.random.default_rng(20).standard_normal((batch, *shape))
    inside = any(part in name for part in ("EfficientNet", "ConvNeXt", "RegNet", "ResNetRS", "MobileNetV3"))
    return (127.5 + 64 * pictures if inside else pictures).astype("float32")


def randomise(keras, net, batch):
    """Seeded weights N(0, 1/fan_in), one-dimensional ones jittered, BatchNorm statistics of one noise batch."""
    generator = numpy.random.default_rng(7)
    weights = []
    for variable in net.weights:
        shape = tuple(variable.shape)
        value = numpy.asarray(variable)
        path = getattr(variable, "path", variable.name)
        if len(shape) <= 1:
            jitter = 0.1 * generator.standard_normal(shape) if variable.trainable else 0
            # Layer scales begin near zero: a tenth keeps their branches visible.
            if "layer_scale" in path or "variable" in path:
                value = numpy.full(shape, 0.1)
            weights.append(value + jitter)
        else:
            fan_in = numpy.prod(shape[:2]) if "depthwise" in path else numpy.prod(shape[:-1])
            weights.append(generator.standard_normal(shape) * (1 / fan_in) ** 0.5)
    net.set_weights([numpy.asarray(w, dtype=numpy.asarray(v).dtype) for w, v in zip(weights, net.weights)])
    normalising = [layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in normalising]
    keras.utils.set_random_seed(7)
    for layer in normalising:
        layer.momentum = 0.0
    if normalising:
        net(batch, training=True)
    for layer, momentum in zip(normalising, momenta):
        layer.momentum = momentum


def gradient(net, image):
    import tensorflow as tf

    image = tf.convert_to_tensor(image)
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = net(image, training=False)[0, TARGET]
    return tape.gradient(value, image).numpy()


def reference_gradient(keras, name, net, image):
    """float64 gradient, and the error of the framework's own float32 one."""
    weights = net.get_weights()
    exact = build(keras, name, "float64")
    exact.set_weights([w.astype("float64") if w.dtype == numpy.float32 else w for w in weights])
    reference = gradient(exact, image.astype("float64"))
    keras.backend.set_floatx("float32")
    step = (1e-6 * image.std() * numpy.random.default_rng(21).standard_normal(image.shape)).astype("float32")
    error = 0.0
    for moved in (image, image + step):
        got = gradient(net, moved).astype("float64")
        error = max(error, float(numpy.linalg.norm(got - reference) / numpy.linalg.norm(reference)))
    return reference, error


def add_exact(keras, which, name, out):
    """Prediction in float64, and the relative L2 error of the framework's own float32 one, as the record's `outputError`."""
    stem = f"{name}.{which}"
    record = out / f"{stem}.json"
    facts = json.loads(record.read_text())
    if "outputError" in facts:
        return "there"
    start = time.time()
    image = numpy.load(out / facts["input"])
    keras.backend.set_floatx("float32")
    net = load(keras, out / facts["model"])
    weights = net.get_weights()
    # A second draw of the rounding: pictures that differ by less than a float32 network can tell.
    step = (1e-6 * image.std() * numpy.random.default_rng(21).standard_normal(image.shape)).astype("float32")
    found = [numpy.asarray(net.predict_on_batch(moved)).astype("float64") for moved in (image, image + step)]
    del net
    exact = build(keras, name, "float64")
    exact.set_weights([w.astype("float64") if w.dtype == numpy.float32 else w for w in weights])
    reference = numpy.asarray(exact.predict_on_batch(image.astype("float64")))
    keras.backend.set_floatx("float32")
    numpy.save(out / f"{stem}.exact.npy", reference)
    error = max(float(numpy.linalg.norm(got - reference) / numpy.linalg.norm(reference)) for got in found)
    record.write_text(json.dumps(facts | {"exact": f"{stem}.exact.npy", "outputError": error}))
    return f"{time.time() - start:.1f} s, float32 is off by {error:.1e}"


def add_gradient(keras, which, name, out):
    """Input gradient of one picture in float64, and the relative L2 error of the framework's own float32 one, as `gradientError`."""
    stem = f"{name}.{which}"
    record = out / f"{stem}.json"
    facts = json.loads(record.read_text())
    if "gradientError" in facts:
        return "there"
    start = time.time()
    keras.backend.set_floatx("float32")
    net = load(keras, out / facts["model"])
    reference, error = reference_gradient(keras, name, net, numpy.load(out / facts["input"])[:1])
    numpy.save(out / f"{stem}.gradient.npy", reference)
    record.write_text(json.dumps(facts | {"gradient": f"{stem}.gradient.npy", "gradientError": error, "target": TARGET}))
    return f"{time.time() - start:.1f} s, float32 is off by {error:.1e}"


def make(keras, which, name, out, force):
    stem = f"{name}.{which}"
    record = out / f"{stem}.json"
    if record.exists() and not force:
        return "there"
    start = time.time()
    net = build(keras, name)
    shape = net.input_shape[1:]
    randomise(keras, net, noise(name, shape, 4 if shape[0] <= 300 else 2))
    image = noise(name, shape, 2)
    output = numpy.asarray(net.predict_on_batch(image))
    file = f"{stem}.{'keras' if which == 'keras' else 'h5'}"
    net.save(out / file)
    numpy.save(out / f"{stem}.input.npy", image)
    numpy.save(out / f"{stem}.output.npy", output)
    facts = {"name": name, "framework": which, "version": keras.__version__, "model": file, "input": f"{stem}.input.npy", "output": f"{stem}.output.npy",
             "layers": [layer.name for layer in net.layers], "seconds": round(time.time() - start, 1)}  # fmt: skip
    record.write_text(json.dumps(facts))
    return f"{time.time() - start:.1f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--framework", choices=["keras", "tf_keras"], action="append")
    parser.add_argument("--ci", action="store_true", help="the light set that .ci/run repeats")
    parser.add_argument("--gradients", action="store_true", help="input gradients too; with --ci for a handful, by Keras 3")
    parser.add_argument("--exact", action="store_true", help="the prediction in float64 too")
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--list", action="store_true", help="the names of all networks as JSON, and the versions that have them")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(os.environ.get("SEEWHY_KERAS", pathlib.Path.home() / ".cache/seewhy/keras")))
    args = parser.parse_args()
    if args.list:
        both = {which: framework(which) for which in ("keras", "tf_keras")}
        print(json.dumps({which: {"version": keras.__version__, "networks": networks(keras)} for which, keras in both.items()}, indent=2))
        return
    args.out.mkdir(parents=True, exist_ok=True)
    # Keras walks a graph from its end by recursion: the deepest networks need more than Python allows.
    sys.setrecursionlimit(20_000)
    failed = False
    for which in args.framework or ["keras", "tf_keras"]:
        keras = framework(which)
        for name in args.names or (CI if args.ci else networks(keras)):
            if not hasattr(keras.applications, name):
                print(f"{name}.{which}: not in this framework")
                continue
            try:
                print(f"{name}.{which}: {make(keras, which, name, args.out, args.force)}", flush=True)
                if args.gradients and (not args.ci or (name in GRADIENTS and which == "keras")):
                    print(f"{name}.{which}, gradient: {add_gradient(keras, which, name, args.out)}", flush=True)
                if args.exact:
                    print(f"{name}.{which} in float64: {add_exact(keras, which, name, args.out)}", flush=True)
            except Exception:
                failed = True
                traceback.print_exc()
    sys.exit(failed)


if __name__ == "__main__":
    main()
