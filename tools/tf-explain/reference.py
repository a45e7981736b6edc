#!/usr/bin/env python3
"""Makes fixtures/tf-explain: two tf_keras models (.h5) and what tf-explain 0.3.1 computes on batches of them.

    ~/.cache/seewhy/tensorflow/bin/python tools/tf-explain/reference.py [NAME…]

`classes`: 24 x 32 pixels in 0…1, three pictures, softmax as a layer of its own. `sides`: 24 x 24 in -1…1, two pictures, one sigmoid; its
activations are negative too. `ties`: 20 x 20 grey pixels in 0…255, rescaled inside, a Dropout as a layer to explain at, a global maximum that at the
black picture all places share. Raw values are those inside tf-explain, before a picture is made of them. Where its own result is not what
it is meant to be, the file is named `meant.*` and says here how it is made:
  meant.smoothgrad       tf-explain's own gradients of the class score (not of the cross-entropy), at its own noisy pictures
  meant.occlusion        1 - p of every window put where it is cut (tf-explain swaps x and y where a picture is not square)
"""
import json
import os
import pathlib
import sys

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import cv2  # noqa: E402
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402
from tf_explain.core import ExtractActivations, GradCAM, GradientsInputs, IntegratedGradients, OcclusionSensitivity, SmoothGrad, VanillaGradients  # noqa: E402
from tf_explain.utils.image import apply_grey_patch  # noqa: E402

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures/tf-explain"
L = tf.keras.layers


def classes():
    image = x = L.Input((24, 32, 3), name="image")
    x = L.Conv2D(6, 3, padding="same", activation="relu", name="stem")(x)
    x = L.MaxPooling2D(2, name="pool")(x)
    x = L.Conv2D(9, 3, padding="same", name="middle")(x)
    x = L.BatchNormalization(name="norm")(x)
    x = L.ReLU(name="active")(x)
    x = L.Conv2D(10, 3, strides=2, padding="same", activation="relu", name="last")(x)
    x = L.Flatten()(x)
    x = L.Dense(5, name="scores")(x)
    return tf.keras.Model(image, L.Activation("softmax", name="softmax")(x), name="classes")


def sides():
    image = x = L.Input((24, 24, 3), name="image")
    x = L.Conv2D(6, 3, padding="same", activation="swish", name="stem")(x)
    x = L.AveragePooling2D(2, name="pool")(x)
    x = L.Conv2D(8, 3, padding="same", activation="tanh", name="last")(x)
    x = L.Flatten()(x)
    x = L.Dense(1, name="score")(x)
    return tf.keras.Model(image, L.Activation("sigmoid", name="sigmoid")(x), name="sides")


def ties():
    image = x = L.Input((20, 20, 1), name="image")
    x = L.Rescaling(1 / 127.5, -1, name="rescaling")(x)
    x = L.Conv2D(6, 3, activation="elu", name="conv")(x)
    x = L.Dropout(0.3, name="drop")(x)
    x = L.GlobalMaxPooling2D(name="peak")(x)
    x = L.Dense(4, name="scores")(x)
    return tf.keras.Model(image, L.Softmax(name="softmax")(x), name="ties")


def seeded(make, seed):
    """Fixed weights; scores are kept small, so that no probability saturates."""
    model, generator = make(), numpy.random.default_rng(seed)
    weights = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        spread = 0.1 if len(shape) == 1 else (2 / numpy.prod(shape[:-1])) ** 0.5
        drawn = spread * generator.standard_normal(shape)
        weights.append(1 + abs(drawn) if "gamma" in weight.name or "variance" in weight.name else drawn)
    model.set_weights(weights)
    return model


def windows(model, image, index, patch):
    """1 - p with each window grey, rows and columns as they lie in the picture."""
    rows, columns = range(0, image.shape[0], patch), range(0, image.shape[1], patch)
    patched = numpy.array([apply_grey_patch(image, x, y, patch) for y in rows for x in columns])
    return (1 - model.predict(patched, verbose=0)[:, index]).reshape(len(rows), len(columns))


def write(make, images, index, layers, patch, steps, samples, noise, seed):
    if sys.argv[1:] and make.__name__ not in sys.argv[1:]:
        return
    model = seeded(make, seed)
    folder = OUT / model.name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    model.save(OUT / f"{model.name}.h5", include_optimizer=False)
    data = (images, None)

    def keep(name, array, kind="float32"):
        array = numpy.asarray(array)
        assert array.max() > array.min() and numpy.isfinite(array).all(), name
        numpy.save(folder / f"{name}.npy", array.astype(kind))

    keep("input", images)
    keep("output", model(images).numpy())
    for layer in layers:
        keep(f"activations.{layer}.raw", ExtractActivations.generate_activations_graph(model, [layer]).predict(images, verbose=0))
        keep(f"activations.{layer}.grid", ExtractActivations().explain(data, model, [layer]), "uint8")
        for guided in (True, False):
            kind = "guided" if guided else "plain"
            outputs, gradients = GradCAM.get_gradients_and_filters(model, images, layer, index, guided)
            keep(f"gradcam.{layer}.{kind}.raw", [one.numpy() for one in GradCAM.generate_ponderated_output(outputs, gradients)])
            keep(f"gradcam.{layer}.{kind}.grid", GradCAM().explain(data, model, index, layer, use_guided_grads=guided), "uint8")
    keep("gradcam.inferno.grid", GradCAM().explain(data, model, index, colormap=cv2.COLORMAP_INFERNO, image_weight=0.4, layer_name=layers[-1]), "uint8")
    score = VanillaGradients().get_score_model(model)
    assert score is not model
    keep("gradients.raw", VanillaGradients.compute_gradients(images, score, index).numpy())
    keep("gradients-inputs.raw", GradientsInputs.compute_gradients(images, score, index).numpy())
    path = IntegratedGradients.generate_interpolations(images, steps)
    keep("integrated-gradients.raw", IntegratedGradients.get_integrated_gradients(path, model, index, steps).numpy())
    numpy.random.seed(seed)
    drawn, normal = [], numpy.random.normal
    numpy.random.normal = lambda *args: drawn.append(normal(*args)) or drawn[-1]
    try:
        noisy = SmoothGrad.generate_noisy_images(images, samples, noise)
    finally:
        numpy.random.normal = normal
    keep("noise", drawn[0].reshape(len(images), samples, *images.shape[1:]))
    gradients = VanillaGradients.compute_gradients(noisy, score, index).numpy()
    keep("meant.smoothgrad.raw", gradients.reshape(len(images), samples, *images.shape[1:]).mean(axis=1))
    held, resize = [], cv2.resize
    cv2.resize = lambda array, size: held.append(array.copy()) or resize(array, size)
    try:
        for image in images:
            OcclusionSensitivity(batch_size=8).get_sensitivity_map(model, image, index, patch)
    finally:
        cv2.resize = resize
    meant = [windows(model, image, index, patch) for image in images]
    keep("meant.occlusion.raw", meant)
    if images.shape[1] == images.shape[2]:
        keep("occlusion.raw", held)
        assert abs(numpy.array(held) - meant).max() < 1e-6
        keep("occlusion.grid", OcclusionSensitivity().explain(data, model, index, patch), "uint8")
    facts = {"model": f"{model.name}.h5", "classIndex": index, "layers": layers, "patchSize": patch, "nSteps": steps, "numSamples": samples, "noise": noise}
    (folder / "facts.json").write_text(json.dumps(facts) + "\n")
    print(model.name, model(images).numpy().round(3).tolist(), sum(file.stat().st_size for file in folder.iterdir()), "bytes")


if __name__ == "__main__":
    draw = numpy.random.default_rng(40)
    # Smooth pictures, not noise: neighbouring pixels go together, as in photographs.
    smooth = lambda n, h, w: numpy.array([cv2.resize(draw.random((5, 5, 3)).astype("float32"), (w, h)) for _ in range(n)])  # noqa: E731
    write(classes, smooth(3, 24, 32), 2, ["middle", "last"], 8, 10, 5, 0.3, 41)
    write(sides, smooth(2, 24, 24) * 2 - 1, 0, ["stem", "last"], 8, 6, 4, 0.5, 42)
    grey = numpy.random.default_rng(43)
    write(ties, numpy.array([cv2.resize(grey.random((4, 4)).astype("float32"), (20, 20)) for _ in range(2)])[..., None] * 255, 1, ["conv", "drop"], 5, 12, 3, 20.0, 44)
