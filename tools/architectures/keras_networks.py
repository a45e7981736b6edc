"""Keras application networks (NHWC) by tf2onnx, with input gradients by TensorFlow in float64.

Runs in the tensorflow environment; export.py starts it there. The model is Keras 3's; tf2onnx reads it as a tf.function.
"""
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras  # noqa: E402
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf2onnx  # noqa: E402

from record import describe  # noqa: E402

OPSET = 15  # tf2onnx's own default


def export(architecture, exporters, out):
    """Yields the one pair ("tf2onnx", record)."""
    image = noise(architecture, 1)
    numpy.save(out / f"{architecture.name}.input.npy", image)
    net = build(architecture, "float32")
    weights = randomise(net, noise(architecture, 8))
    exact = build(architecture, "float64")
    exact.set_weights([w.astype("float64") for w in weights])
    value, output, reference = gradient(exact, image.astype("float64"), architecture.target)
    numpy.save(out / f"{architecture.name}.gradient.npy", reference)
    path = out / f"{architecture.name}.tf2onnx.onnx"
    # Keras names the function's variables after its layers; the batch axis stays free.
    signature = (tf.TensorSpec((None, *image.shape[1:]), tf.float32, name="input"),)
    tf2onnx.convert.from_function(tf.function(lambda input: net(input, training=False)), input_signature=signature, opset=OPSET, output_path=str(path))
    record = describe(
        architecture, "tf2onnx", path, image=image, target=architecture.target, value=value, output=output,
        errors=float32_errors(net, image, architecture.target, reference), gradient_by="TensorFlow float64 GradientTape",
        versions={"tensorflow": tf.__version__, "keras": keras.__version__, "tf2onnx": tf2onnx.__version__},
    )  # fmt: skip
    yield "tf2onnx", record


def build(architecture, precision):
    keras.backend.set_floatx(precision)
    keras.config.set_dtype_policy(precision)
    keras.backend.clear_session()
    shape = (architecture.size, architecture.size, 3)
    return getattr(keras.applications, architecture.base)(weights=None, input_shape=shape, classifier_activation=None, **architecture.options)


def noise(architecture, batch):
    """Normal noise in the range the network takes, NHWC: EfficientNet rescales 0…255 inside, the other takes -1…1."""
    pictures = numpy.random.default_rng(20).standard_normal((batch, architecture.size, architecture.size, 3))
    return (127.5 + 64 * pictures if "EfficientNet" in architecture.base else pictures).astype("float32")


def randomise(net, batch):
    """Seeded weights, one-dimensional ones jittered by 0.1·N(0,1), BatchNorm statistics of one noise batch."""
    generator = numpy.random.default_rng(7)
    weights = []
    for variable in net.weights:
        shape = tuple(variable.shape)
        if len(shape) <= 1:
            jitter = 0.1 * generator.standard_normal(shape) if variable.trainable else 0
            weights.append((variable.numpy() + jitter).astype("float32"))
        else:
            fan_in = numpy.prod(shape[:2]) if "depthwise" in variable.path else numpy.prod(shape[:-1])
            weights.append((generator.standard_normal(shape) * (1 / fan_in) ** 0.5).astype("float32"))
    net.set_weights(weights)
    keras.utils.set_random_seed(7)
    momenta = {}
    for layer in net.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            momenta[layer], layer.momentum = layer.momentum, 0.0
    net(batch, training=True)
    for layer, momentum in momenta.items():
        layer.momentum = momentum
    return net.get_weights()


def gradient(net, image, target):
    """output[target], the whole output, and the gradient of the former by the image."""
    image = tf.convert_to_tensor(image)
    with tf.GradientTape() as tape:
        tape.watch(image)
        output = net(image, training=False)
        value = output[tuple(target)]
    return float(value), output.numpy(), tape.gradient(value, image).numpy()


def float32_errors(net, image, target, reference):
    """Relative L2 errors of TensorFlow's float32 gradient: as it is, and with the image moved by 1e-6."""
    step = (1e-6 * image.std() * numpy.random.default_rng(21).standard_normal(image.shape)).astype("float32")
    errors = {}
    for name, moved in (("plain", image), ("moved", image + step)):
        got = gradient(net, moved, target)[2].astype("float64")
        errors[name] = float(numpy.linalg.norm(got - reference) / numpy.linalg.norm(reference))
    errors["max"] = max(errors.values())
    return errors
