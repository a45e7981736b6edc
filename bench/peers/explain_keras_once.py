"""One Grad-CAM with tf-explain, from the start of Python to a written PNG: the counterpart of `seewhy explain model.h5 photo`.

    python explain_keras_once.py MODEL.h5 PHOTO OUT.png

As tf-explain's examples show it: the picture loaded and resized by Keras, MobileNetV2's preprocessing, the class that the network finds,
the layer that tf-explain finds.
"""
import os
import sys

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402
from tf_explain.core.grad_cam import GradCAM  # noqa: E402

path, photo, out = sys.argv[1:]
tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)
model = tf.keras.models.load_model(path, compile=False)
picture = tf.keras.utils.img_to_array(tf.keras.utils.load_img(photo, target_size=model.input_shape[1:3]))
image = tf.keras.applications.mobilenet_v2.preprocess_input(picture)[None]
target = int(numpy.argmax(model(image, training=False)[0]))
explainer = GradCAM()
grid = explainer.explain((image, None), model, target)
explainer.save(grid, os.path.dirname(out), os.path.basename(out))
