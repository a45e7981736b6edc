"""One small classifier of photos, the same weights in each kind of file: fixtures/keras/photo*.

    $py tools/keras/photo.py

photo.keras is written by Keras 3, photo.h5 by tf_keras; photo-layers and photo-graph are TensorFlow.js files of it in the layout of
tensorflowjs_converter. photo.json: Keras's prediction and TensorFlow's Grad-CAM of the last convolution (∂ logit / ∂ activation,
mean over height and width, weighted sum; ReLU comes after it) for the picture x = sin(i · 0.7) of 48 × 48 × 3 values.
"""
import json
import pathlib
import sys

from layers import encode, keras2, keras3, numpy, randomise, tf

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "keras-graph"))
import graph_model  # noqa: E402

OUT = pathlib.Path(__file__).parents[2] / "fixtures/keras"
SIDE = 48


def build(K):
    L = K.layers
    image = K.Input((SIDE, SIDE, 3), name="image")
    x = L.ZeroPadding2D(((0, 1), (0, 1)), name="pad")(image)
    x = L.Conv2D(8, 3, strides=2, use_bias=False, name="first")(x)
    x = L.ReLU(6.0, name="first_relu")(L.BatchNormalization(name="first_bn")(x))
    y = L.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")(x)
    y = L.ReLU(6.0, name="depthwise_relu")(L.BatchNormalization(name="depthwise_bn")(y))
    x = L.Add(name="add")([x, L.Conv2D(8, 1, name="project")(y)])
    x = L.Conv2D(12, 3, strides=2, padding="same", activation="relu", name="last")(x)
    x = L.GlobalAveragePooling2D(name="pool")(x)
    return K.Model(image, L.Dense(5, activation="softmax", name="predictions")(x), name="photo")


def layers_model(model, folder):
    folder.mkdir(exist_ok=True)
    pairs = list(zip(model.get_weights(), model.weights))
    specs = [{"name": variable.name.removesuffix(":0"), "shape": list(value.shape), "dtype": "float32"} for value, variable in pairs]
    (folder / "group1-shard1of1.bin").write_bytes(b"".join(value.astype("<f4").tobytes() for value, _ in pairs))
    topology = {"keras_version": keras2.__version__, "backend": "tensorflow", "model_config": json.loads(model.to_json())}
    document = {"format": "layers-model", "generatedBy": f"keras v{keras2.__version__}", "convertedBy": None, "modelTopology": topology,
                "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": specs}]}  # fmt: skip
    (folder / "model.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


def graph_files(model, folder):
    folder.mkdir(exist_ok=True)
    whole, outputs = graph_model.frozen(lambda x: model(x, training=False), (SIDE, SIDE, 3))
    graph_model.write(folder, "model", graph_model.fuse(whole.graph.as_graph_def()), outputs)


def gradcam(model, picture):
    """Of the class with the highest probability; its logit is the logarithm of its probability, but for what all classes share."""
    head = model.get_layer("predictions")
    inner = keras2.Model(model.input, [model.get_layer("last").output, model.get_layer("pool").output])
    with tf.GradientTape() as tape:
        activation, pooled = inner(picture)
        logits = pooled @ head.kernel + head.bias
        target = int(numpy.argmax(logits[0]))
        score = logits[0, target]
    weights = tf.reduce_mean(tape.gradient(score, activation), axis=(1, 2), keepdims=True)
    return target, tf.reduce_sum(weights * activation, axis=-1)


def main():
    model = build(keras2)
    randomise(model)
    model.save(OUT / "photo.h5")
    newer = build(keras3)
    newer.set_weights(model.get_weights())
    newer.save(OUT / "photo.keras")
    layers_model(model, OUT / "photo-layers")
    graph_files(model, OUT / "photo-graph")
    picture = numpy.sin(numpy.arange(SIDE * SIDE * 3) * 0.7).astype("float32").reshape(1, SIDE, SIDE, 3)
    target, cam = gradcam(model, picture)
    record = {"versions": {"keras": keras3.__version__, "tf_keras": keras2.__version__}, "target": target,
              "prediction": encode(model.predict_on_batch(picture)), "gradcam": encode(cam)}  # fmt: skip
    (OUT / "photo.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")


main()
