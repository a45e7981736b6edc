"""HDF5 files that lie: fixtures/keras/hostile. Each is a one-layer model whose kernel is not what it says."""
import json
import os
import pathlib

import h5py
import numpy

OUT = pathlib.Path(__file__).parents[2] / "fixtures/keras/hostile"
CONFIG = {
    "class_name": "Sequential",
    "config": {"name": "tiny", "layers": [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "dtype": "float32", "name": "input"}},
        {"class_name": "Dense", "config": {"name": "dense", "units": 4, "activation": "linear", "use_bias": False}},
    ]},
}  # fmt: skip


def model(name, make, units=4, features=3):
    with h5py.File(OUT / f"{name}.h5", "w") as file:
        config = json.loads(json.dumps(CONFIG))
        config["config"]["layers"][0]["config"]["batch_input_shape"] = [None, features]
        config["config"]["layers"][1]["config"]["units"] = units
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.15.0"
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = numpy.array([b"input", b"dense"])
        weights.create_group("input").attrs["weight_names"] = numpy.array([], dtype="S1")
        dense = weights.create_group("dense")
        dense.attrs["weight_names"] = numpy.array([b"dense/kernel:0"])
        make(dense.create_group("dense"))


def external(path, size):
    def make(group):
        group.create_dataset("kernel:0", (3, 4), "f4", external=[(path, 0, size)])

    return make


def virtual(group):
    layout = h5py.VirtualLayout(shape=(3, 4), dtype="f4")
    layout[:] = h5py.VirtualSource("other.h5", "kernel", shape=(3, 4))
    group.create_virtual_dataset("kernel:0", layout)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    os.chdir(OUT)
    model("external-link", lambda group: group.__setitem__("kernel:0", h5py.ExternalLink("other.h5", "/kernel")))
    model("external-storage", external("/etc/hostname", 48))
    model("external-device", external("/dev/stdin", 48))
    model("virtual", virtual)
    model("wrong-shape", lambda group: group.create_dataset("kernel:0", data=numpy.zeros((4, 3), "f4")))
    huge = lambda group: group.create_dataset("kernel:0", (1_000_000, 1_000_000), "f4", chunks=(1000, 1000))  # noqa: E731
    model("huge", huge)
    model("huge-fitting", huge, units=1_000_000, features=1_000_000)
    model("missing", lambda group: None)
    model("text-weight", lambda group: group.create_dataset("kernel:0", data=[["a"] * 4] * 3))
    model("soft-link-loop", lambda group: group.__setitem__("kernel:0", h5py.SoftLink("/model_weights/dense/dense/kernel:0")))


main()
