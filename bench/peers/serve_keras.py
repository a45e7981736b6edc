"""The TensorFlow side of a comparison. Tasks: predict; tf-explain, tf-keras-vis, xplique, each with `-gradcam` or `-saliency`.

Everything is made once for each model, two threads, as the peers' own documentation shows it (xplique compiles at its first call,
which does not count); serving.py has the protocol. The layer is the one that seewhy chooses, given by name: searching it is not timed.
"""
import os
import sys

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")

import types  # noqa: E402

import numpy  # noqa: E402
import scipy.ndimage  # noqa: E402

if not hasattr(scipy.ndimage, "interpolation"):  # tf-keras-vis imports zoom by a path that SciPy has given up
    sys.modules["scipy.ndimage.interpolation"] = types.SimpleNamespace(zoom=scipy.ndimage.zoom)

import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(2)
tf.config.threading.set_inter_op_parallelism_threads(2)

import pathlib  # noqa: E402

from serving import serve  # noqa: E402

CACHE = pathlib.Path(os.environ.get("SEEWHY_BENCH", pathlib.Path.home() / ".cache/seewhy/bench"))
LAYERS = {"MobileNetV2": "out_relu", "EfficientNetB5": "top_activation"}


class Subject:
    def __init__(self, name):
        self.model = tf.keras.models.load_model(CACHE / f"{name}.h5", compile=False)
        self.layer = LAYERS[name]
        noise = numpy.random.default_rng(20).standard_normal((1, *self.model.input_shape[1:]))
        # EfficientNet takes bytes and scales them itself.
        self.image = (127.5 + 64 * noise if name.startswith("EfficientNet") else noise).astype("float32")
        scores = self.model(self.image, training=False).numpy()[0]
        self.target = int(scores.argmax())
        self.one_hot = numpy.eye(len(scores), dtype="float32")[[self.target]]
        self.tasks = {"predict": lambda: self.model(self.image, training=False)}

    def task(self, kind):
        if kind not in self.tasks:
            peer, method = kind.rsplit("-", 1)
            makers = {"tf-explain": self.tf_explain, "tf-keras-vis": self.tf_keras_vis, "xplique": self.xplique}
            self.tasks[kind] = makers[peer](method)
        return self.tasks[kind]

    def tf_explain(self, method):
        from tf_explain.core.grad_cam import GradCAM
        from tf_explain.core.vanilla_gradients import VanillaGradients

        if method == "gradcam":
            return lambda: GradCAM().explain((self.image, None), self.model, self.target, layer_name=self.layer)
        return lambda: VanillaGradients().explain((self.image, None), self.model, self.target)

    def tf_keras_vis(self, method):
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.saliency import Saliency
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
        from tf_keras_vis.utils.scores import CategoricalScore

        score = CategoricalScore([self.target])
        if method == "gradcam":
            gradcam = Gradcam(self.model, model_modifier=ReplaceToLinear(), clone=True)
            return lambda: gradcam(score, self.image, penultimate_layer=self.layer, seek_penultimate_conv_layer=False)
        saliency = Saliency(self.model, model_modifier=ReplaceToLinear(), clone=True)
        return lambda: saliency(score, self.image)

    def xplique(self, method):
        from xplique.attributions import GradCAM, Saliency

        explainer = GradCAM(self.model, conv_layer=self.layer) if method == "gradcam" else Saliency(self.model)
        return lambda: explainer(self.image, self.one_hot)


if __name__ == "__main__":
    serve(Subject)
