"""tf2onnx's own export of networks that applications.py has saved, for comparing speed: tf2onnx_export.py NAME…"""
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf2onnx  # noqa: E402

folder = pathlib.Path(os.environ.get("SEEWHY_KERAS", pathlib.Path.home() / ".cache/seewhy/keras"))
for name in sys.argv[1:]:
    net = keras.models.load_model(folder / f"{name}.keras.keras", compile=False)
    signature = (tf.TensorSpec((None, *net.input_shape[1:]), tf.float32, name="input"),)
    tf2onnx.convert.from_function(tf.function(lambda input: net(input, training=False)), input_signature=signature, opset=17, output_path=str(folder / f"{name}.tf2onnx.onnx"))
