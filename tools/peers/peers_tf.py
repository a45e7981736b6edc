"""tf-keras-vis, xplique and tf-explain on the Keras networks. Arrays are in the order of the picture, H, W, C."""
import json

import cv2
import numpy
import scipy.ndimage

if not hasattr(scipy.ndimage, "interpolation"):  # tf-keras-vis imports zoom by a path that SciPy has given up
    import sys
    import types

    sys.modules["scipy.ndimage.interpolation"] = types.SimpleNamespace(zoom=scipy.ndimage.zoom)

import tensorflow as tf
import tf_keras_vis.gradcam
import tf_keras_vis.gradcam_plus_plus
import tf_keras_vis.layercam
import tf_keras_vis.saliency
import tf_keras_vis.scorecam
import xplique.attributions as xplique
from tf_explain.core.activations import ExtractActivations
from tf_explain.core.gradients_inputs import GradientsInputs
from tf_explain.core.integrated_gradients import IntegratedGradients
from tf_explain.core.occlusion_sensitivity import OcclusionSensitivity
from tf_explain.core.smoothgrad import SmoothGrad
from tf_explain.core.vanilla_gradients import VanillaGradients
from tf_keras_vis.utils.scores import CategoricalScore
from xplique.attributions.gradient_statistics.gradient_statistic import GradientStatistic

from reference import Draws, relative, squeezed


def double(model):
    """The same network in float64."""
    tf.keras.backend.set_floatx("float64")
    try:
        copy = tf.keras.models.clone_model(model, clone_function=lambda layer: type(layer).from_config(layer.get_config() | {"dtype": "float64"}))
        copy.set_weights([weight.astype("float64") for weight in model.get_weights()])
        return copy
    finally:
        tf.keras.backend.set_floatx("float32")


def measured(model, image, run, layout, draws=None):
    """`run(model, image)`, and how far it is from the same in float64; None where the peer works in float32 only."""
    found = run(model, image)
    if draws is not None:
        draws.replay(lambda given: given)
    try:
        tf.keras.backend.set_floatx("float64")
        error = relative(squeezed(found, layout), squeezed(run(double(model), image.astype("float64")), layout))
    except Exception as reason:  # TensorFlow has many kinds of errors for a wrong type
        print(f"  no float64 run: {type(reason).__name__}", flush=True)
        error = None
    finally:
        tf.keras.backend.set_floatx("float32")
        if draws is not None:
            draws.again = False
    return found, error


def write(table, model, image, target, layers):
    """CAMs of the class with the highest score too: what is rectified may be empty for others."""
    top = int(model(image).numpy().argmax())
    for one in {target, top}:
        keras_cams(table, model, image, one, layers)
        cams_of_xplique(table, model, image, one, layers, class_free=one == target)
    keras_vis(table, model, image, target, layers)
    pixels_of_xplique(table, model, image, target)
    perturbation_of_xplique(table, model, image, target)
    explain(table, model, image, target, layers)


def keras_cams(table, model, image, target, layers):
    """Raw: before its min-max and zoom, ReLU applied. Finished: as returned."""
    peer, score = "tf-keras-vis", CategoricalScore([target])
    kinds = {"gradcam": tf_keras_vis.gradcam.Gradcam, "gradcam++": tf_keras_vis.gradcam_plus_plus.GradcamPlusPlus, "layercam": tf_keras_vis.layercam.Layercam}
    for layer in layers:
        for method, kind in kinds.items():
            def run(m, x, **options):
                return kind(m, clone=False)(score, x, penultimate_layer=layer["module"], seek_penultimate_conv_layer=False, **options)

            raw, error = measured(model, image, lambda m, x: run(m, x, expand_cam=False, normalize_cam=False), "HW")
            if numpy.max(raw) == 0:
                print(f"  {peer} {method} {layer['id']}: nothing positive, left out", flush=True)
                continue
            table.add(peer, method, raw, target=target, layer=layer, options={"rectified": True}, finished=run(model, image), error=error)


def keras_vis(table, model, image, target, layers):
    peer, score = "tf-keras-vis", CategoricalScore([target])
    for most in (None, 6):
        def faster(m, x, **options):
            return tf_keras_vis.scorecam.Scorecam(m, clone=False)(score, x, penultimate_layer=layers[-1]["module"], seek_penultimate_conv_layer=False, max_N=most, **options)

        raw, error = measured(model, image, lambda m, x: faster(m, x, expand_cam=False, normalize_cam=False), "HW")
        options = {"rectified": True, "score": "softmax over classes of the output"} | ({"channels": most} if most else {})
        table.add(peer, "scorecam", raw, target=target, layer=layers[-1], variant=f"max{most}" if most else None, options=options, finished=faster(model, image), error=error)

    def saliency(m, x, **options):
        return tf_keras_vis.saliency.Saliency(m, clone=False)(score, x, **options)

    raw, error = measured(model, image, lambda m, x: saliency(m, x, keepdims=True, normalize_map=False), "HWC")
    table.add(peer, "saliency", raw, target=target, options={"abs": True, "reduce": "max"}, finished=saliency(model, image), layout="HWC", error=error)
    draws = Draws()
    numpy.random.seed(100)

    def smooth(m, x, **options):
        with draws.of(numpy.random, "normal"):
            return saliency(m, x, smooth_samples=6, smooth_noise=0.2, **options)

    raw, error = measured(model, image, lambda m, x: smooth(m, x, keepdims=True, normalize_map=False), "HWC", draws)
    draws.again = True
    finished = smooth(model, image)
    noise = numpy.stack(draws["normal"]).reshape(6, *image.shape[1:])
    given = {"noise": table.give("tf-keras-vis.noise", noise, "NHWC")}
    table.add(peer, "smoothgrad", raw, target=target, options={"samples": 6, "noise": 0.2, "abs": True, "reduce": "max"}, given=given, finished=finished, layout="HWC", error=error)


def one_hot(model, target):
    return tf.one_hot([target], model.output_shape[-1])


def cams_of_xplique(table, model, image, target, layers, class_free):
    """Raw: what it resizes (Grad-CAM rectified). Finished: bicubic, never scaled."""
    for method, kind in (("gradcam", xplique.GradCAM), ("gradcam++", xplique.GradCAMPP), ("fem", xplique.FEM)):
        if method == "fem" and not class_free:
            continue
        owner = xplique.FEM if method == "fem" else xplique.GradCAM
        for layer in layers:
            held, original = [], owner._apply_weights
            owner._apply_weights = staticmethod(lambda *args: held.append(original(*args)) or held[-1])
            try:
                finished = kind(model, conv_layer=layer["module"])(image, one_hot(model, target))
            finally:
                owner._apply_weights = staticmethod(original)
            if numpy.max(held[0]) == 0:
                print(f"  xplique {method} {layer['id']}: nothing positive, left out", flush=True)
                continue
            options = {"rectified": method != "fem"} | ({"k": 2} if method == "fem" else {})
            table.add("xplique", method, held[0], target=None if method == "fem" else target, layer=layer, options=options, finished=finished.numpy()[..., 0])


def pixels_of_xplique(table, model, image, target):
    peer, hot = "xplique", one_hot(model, target)

    def add(method, explainer, **facts):
        table.add(peer, method, explainer(image, hot).numpy(), target=target, layout="HWC", **facts)

    add("saliency", xplique.Saliency(model, reducer=None), options={"abs": True})
    add("gradient-x-input", xplique.GradientInput(model, reducer=None))
    add("guided-backprop", xplique.GuidedBackprop(model, reducer=None))
    add("deconvnet", xplique.DeconvNet(model, reducer=None))
    options = {"steps": 20, "rule": "trapezoid", "baseline": "zero"}
    add("integrated-gradients", xplique.IntegratedGradients(model, reducer=None, steps=20, baseline_value=0.0), options=options)
    count, sigma = 6, 0.2
    noise = sigma * numpy.random.default_rng(101).standard_normal((count, *image.shape[1:])).astype("float32")
    given = {"noise": table.give("xplique.noise", noise, "NHWC")}
    original = GradientStatistic._perturb_samples
    GradientStatistic._perturb_samples = staticmethod(lambda inputs, number, _sigma: tf.repeat(inputs, number, axis=0) + noise)
    try:
        for method, kind in (("smoothgrad", xplique.SmoothGrad), ("smoothgrad-squared", xplique.SquareGrad), ("vargrad", xplique.VarGrad)):
            options = {"samples": count, "sigma": sigma} | ({"variance": "unbiased"} if method == "vargrad" else {})
            add(method, kind(model, reducer=None, nb_samples=count, noise=sigma, batch_size=count), options=options, given=given)
    finally:
        GradientStatistic._perturb_samples = original


def perturbation_of_xplique(table, model, image, target):
    peer, hot = "xplique", one_hot(model, target)
    _, height, width, channels = image.shape
    raw = xplique.Occlusion(model, patch_size=(8, 12), patch_stride=(5, 7), occlusion_value=0.25)(image, hot).numpy()[..., 0]
    options = {"window": [8, 12], "stride": [5, 7], "fill": 0.25, "combine": "sum of the covering windows, none ragged"}
    table.add(peer, "occlusion", raw, target=target, options=options)

    count, cells, offset = 80, 5, (3, 7)
    bits = numpy.random.default_rng(102).random((count, cells, cells, 1)) < 0.5
    masks, crop = xplique.Rise._get_masks, tf.image.random_crop
    xplique.Rise._get_masks = staticmethod(lambda *_: tf.constant(bits))
    tf.image.random_crop = lambda value, size, **_: value[:, offset[0] : offset[0] + height, offset[1] : offset[1] + width]
    try:
        raw = xplique.Rise(model, nb_samples=count, grid_size=cells, batch_size=count)(image, hot).numpy()[..., 0]
    finally:
        xplique.Rise._get_masks, tf.image.random_crop = masks, crop
    upsampled = [int(side * (1 + 1 / cells)) for side in (height, width)]
    options = {"masks": count, "grid": cells, "keep": 0.5, "upsampled": upsampled, "crop": offset, "divide": "sum of the masks + 1e-4", "score": "logit"}
    table.add(peer, "rise", raw, target=target, options=options, given={"grid": table.give("xplique.rise.grid", bits[..., 0], "NHW")})

    y, x = numpy.mgrid[0:height, 0:width]
    labels = ((y * 4 // height) * 4 + x * 4 // width).astype("int32")
    file = table.give("segments-16", labels, "HW")
    generator = numpy.random.default_rng(103)
    bits = (generator.random((100, 16)) < 0.5).astype("int32")
    sizes = generator.choice(numpy.arange(1, 16), 100, p=(p := 1 / (numpy.arange(1, 16) * (16 - numpy.arange(1, 16)))) / p.sum())
    coalitions = numpy.array([generator.permutation(numpy.arange(16) < size) for size in sizes]).astype("int32")

    def of_segments(explainer, samples):
        explainer.pertub_func = lambda *_: tf.constant(samples)
        found = explainer(image, hot).numpy()[0, ..., 0]
        return numpy.array([found[labels == i][0] for i in range(16)])

    settings = {"map_to_interpret_space": lambda _: tf.constant(labels), "nb_samples": 100, "ref_value": numpy.full(channels, 0.5, "float32")}
    raw = of_segments(xplique.Lime(model, kernel_width=20.0, **settings), bits)
    options = {"model": "ridge", "alpha": 2, "kernel": "exp(-d² / 20²), d Euclidean between pictures", "fill": 0.5}
    table.add(peer, "lime", raw, target=target, options=options, given={"labels": file, "samples": table.give("xplique.lime.samples", bits, "NK")}, layout="K")
    raw = of_segments(xplique.KernelShap(model, **settings), coalitions)
    options = {"model": "least squares", "weights": "1, no endpoints", "fill": 0.5}
    table.add(peer, "kernelshap", raw, target=target, options=options, given={"labels": file, "samples": table.give("xplique.kernelshap.samples", coalitions, "NK")}, layout="K")


def explain(table, model, image, target, layers):
    """The float values inside tf-explain; its pictures (uint8, standardised over the batch) are no reference."""
    peer = "tf-explain"

    def add(method, run, **facts):
        table.add(peer, method, run(model, image), target=target, layout="HWC", **facts)

    add("saliency", lambda m, x: VanillaGradients.compute_gradients(x, m, target).numpy(), variant="signed")
    add("gradient-x-input", lambda m, x: GradientsInputs.compute_gradients(x, m, target).numpy())
    steps = 10
    run = lambda m, x: IntegratedGradients.get_integrated_gradients(IntegratedGradients.generate_interpolations(x, steps), m, target, steps).numpy()  # noqa: E731
    add("integrated-gradients", run, options={"steps": steps, "rule": "mean over linspace(0, 1, steps)", "multiply": False, "baseline": "zero"})
    for layer in layers:
        raw = ExtractActivations.generate_activations_graph(model, [layer["module"]]).predict(image, verbose=0)
        table.add(peer, "layer-activation", raw, layer=layer, layout="HWC")


def square(table, model, image, target):
    """A square network that ends in softmax: what tf-explain's occlusion (transposed otherwise) and SmoothGrad (cross-entropy) need."""
    peer = "tf-explain"
    numpy.save(table.folder / "input.npy", image)
    numpy.save(table.folder / "picture.npy", (image[0] * 255).astype("uint8"))
    table.given[f"{table.model}/input.npy"] = "NHWC"
    shared = {"input": f"{table.model}/input.npy"}
    numpy.random.seed(104)
    draws = Draws()
    with draws.of(numpy.random, "normal"):
        noisy = SmoothGrad.generate_noisy_images(image, 5, 0.3)
    raw = SmoothGrad.get_averaged_gradients(noisy, model, target, 5).numpy()
    given = shared | {"noise": table.give("tf-explain.noise", draws["normal"][0], "NHWC")}
    table.add(peer, "smoothgrad", raw, target=target, options={"samples": 5, "sigma": 0.3, "score": "cross-entropy (minus the log probability)"}, given=given, layout="HWC")
    held, resize = [], cv2.resize
    cv2.resize = lambda array, size: held.append(array.copy()) or resize(array, size)
    try:
        finished = OcclusionSensitivity(batch_size=8).get_sensitivity_map(model, image[0], target, 8)
    finally:
        cv2.resize = resize
    options = {"window": 8, "stride": 8, "fill": 127.5, "value": "1 - probability"}
    table.add(peer, "occlusion", held[0], target=target, options=options, given=shared, finished=finished)
    (table.folder / "model.json").write_text(json.dumps({"model": "fixtures/models/tiny-nhwc.onnx", "input": "input.npy", "picture": "picture.npy", "target": target}) + "\n")
