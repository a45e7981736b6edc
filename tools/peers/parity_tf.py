#!/usr/bin/env python3
"""Makes fixtures/parity/nhwc: tf-explain, tf-keras-vis and xplique on parity-nhwc.onnx (parity.py runs this one too).

    python parity_tf.py        with the Python of the tensorflow environment (tools/peers/install.sh)

The file format is that of parity.py. tf-explain returns pictures only; `finished` is the float map on its way to the
picture, by the same OpenCV call and formula (tf_explain/utils/display.py): resized, then (x - min) / (max - min), no ReLU.
Its guided gradients are g·1[g>0]·1[A>0] before the averaging, which is not guided backpropagation.
"""
import argparse
import importlib.metadata
import json
import pathlib

import small_models_tf  # first: it sets what TensorFlow reads at import

import cv2
import numpy
import onnx
import onnxruntime
import tensorflow as tf
from tf_explain.core.grad_cam import GradCAM

import peers_tf
from reference import Table, from_case

PARITY = small_models_tf.MODELS.parent / "parity"
TARGET, LAYERS = 2, ["conv2", "conv3"]


def onnx_value(path, image, expected):
    """The ONNX value that holds a Keras activation: equal numbers, NHWC or NCHW."""
    model = onnx.load(path)
    known = {o.name for o in model.graph.output}
    producers = {name: node.op_type for node in model.graph.node for name in node.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in producers if name not in known)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    values = dict(zip(names, session.run(names, {"image": image})))
    for name in producers:
        for layout, candidate in (("NCHW", expected.transpose(0, 3, 1, 2)), ("NHWC", expected)):
            if values[name].shape == candidate.shape and numpy.allclose(values[name], candidate, atol=1e-4 * abs(expected).max()):
                return {"value": name, "op": producers[name], "layout": layout, "shape": list(candidate.shape)}
    raise ValueError("no such value")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=PARITY)
    parity = parser.parse_args().out
    folder = parity / "nhwc"
    model = small_models_tf.seeded(small_models_tf.parity_nhwc)
    image = numpy.random.default_rng(30).random((1, 48, 64, 3)).astype("float32")  # 0…1, as tf-explain's pictures want
    path = small_models_tf.MODELS / "parity-nhwc.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    version = importlib.metadata.version("tf-explain")
    layers, entries = [], []

    def add(stage, array, id, **options):
        kind = "guided" if options["use_guided_grads"] else "plain"
        file = f"tf-explain.gradcam.{id}.{kind}.{stage}.npy"
        if array.max() == array.min():
            raise ValueError(f"{file} is empty")
        numpy.save(folder / file, array)
        entries.append({"peer": "tf-explain", "version": version, "method": "gradcam", "stage": stage, "layers": [id], "options": options, "shape": list(array.shape), "file": file})

    for number, name in enumerate(LAYERS, 1):
        id = f"layer{number}"
        activation = tf.keras.Model(model.inputs, model.get_layer(name).output)(image).numpy()
        layers.append({"id": id, "module": name, **onnx_value(path, image, activation)})
        for guided in (False, True):
            outputs, gradients = GradCAM.get_gradients_and_filters(model, image, name, TARGET, guided)
            raw = GradCAM.generate_ponderated_output(outputs, gradients)[0].numpy()
            add("raw", raw, id, use_guided_grads=guided, rectified=False)
            resized = cv2.resize(raw, (image.shape[2], image.shape[1]))
            add("finished", (resized - resized.min()) / (resized.max() - resized.min()), id, use_guided_grads=guided)
            overlay = GradCAM().explain((image, None), model, TARGET, name, use_guided_grads=guided)
            add("overlay", overlay, id, use_guided_grads=guided, colormap="viridis", image_weight=0.7)
    numpy.save(folder / "input.npy", image)
    numpy.save(folder / "picture.npy", (image[0] * 255).astype("uint8"))
    logits = model(image).numpy()
    record = {
        "name": "nhwc", "model": "fixtures/models/parity-nhwc.onnx", "target": TARGET, "logit": float(logits[0, TARGET]), "top": int(logits.argmax()),
        "layers": layers, "tensorflow": tf.__version__, "entries": entries, "input": "input.npy", "picture": "picture.npy",
    }  # fmt: skip

    def lines(value):
        objects = isinstance(value, list) and value and isinstance(value[0], dict)
        return "[\n    " + ",\n    ".join(json.dumps(v) for v in value) + "\n  ]" if objects else json.dumps(value)

    (folder / "case.json").write_text("{\n" + ",\n".join(f"  {json.dumps(k)}: {lines(v)}" for k, v in record.items()) + "\n}\n")
    print(f"nhwc: {len(entries)} maps, {sum(p.stat().st_size for p in folder.iterdir())} bytes")
    table = Table(parity, "nhwc")
    peers_tf.write(table, model, image, TARGET, layers)
    table.entries += from_case(parity, "nhwc")
    table.write()
    table = Table(parity, "nhwc-square")
    tiny = small_models_tf.seeded(small_models_tf.tiny_nhwc)
    peers_tf.square(table, tiny, numpy.random.default_rng(31).random((1, 32, 32, 3)).astype("float32"), 1)
    table.write()


if __name__ == "__main__":
    main()
