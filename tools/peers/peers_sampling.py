"""lime, shap, PAIR saliency, scikit-image; RISE and Recipro-CAM from their papers, in a few lines of numpy and torch."""
import lime.lime_image
import numpy
import saliency.core as pair
import shap
import skimage.segmentation
import skimage.transform
import torch
from saliency.core.base import CONVOLUTION_LAYER_VALUES, CONVOLUTION_OUTPUT_GRADIENTS, INPUT_OUTPUT_GRADIENTS, OUTPUT_LAYER_VALUES
from saliency.core.visualization import VisualizeImageGrayscale

from peers_captum import grid
from reference import Draws
from subject import measured


def write(table, subject, targets):
    rise(table, subject)
    recipro(table, subject, targets)
    lime_image(table, subject)
    kernel_explainer(table, subject)
    saliency(table, subject)
    superpixels(table, subject)


def wide(table, subject, targets):
    rise(table, subject)
    recipro(table, subject, targets[:1])
    superpixels(table, subject)


def scores(subject, batch):
    with torch.no_grad():
        return torch.cat([subject.net(part) for part in torch.split(batch, 32)])


def rise(table, subject):
    """Petsiuk, Das, Saenko, BMVC 2018. Cell = ceil(side / s); the grid of s × s bits is resized to (s + 1) cells, bilinear, half-pixel; a window
    of the picture's size begins at a shift in 0 … cell − 1 of each axis; S = Σ score · M / (N · p)."""
    cells, keep, count = (7, 0.5, 60) if subject.real else (4, 0.5, 200)
    height, width = subject.image.shape[2:]
    generator = numpy.random.default_rng(90)
    bits = generator.random((count, cells, cells)) < keep
    cell = numpy.array([-(-height // cells), -(-width // cells)])
    shifts = generator.integers(0, cell, (count, 2))
    given = {"grid": table.give("rise.grid", bits, "NHW"), "shifts": table.give("rise.shifts", shifts, "NK")}
    size = tuple((cells + 1) * cell)
    for edge, mode in (("mirror", "reflect"), ("clamp", "edge")):
        masks = numpy.stack([
            skimage.transform.resize(bit.astype(numpy.float64), size, order=1, mode=mode, anti_aliasing=False)[y : y + height, x : x + width]
            for bit, (y, x) in zip(bits, shifts)
        ])  # fmt: skip

        def run(s, probability):
            weights = torch.from_numpy(masks).to(s.dtype)[:, None]
            result = scores(s, s.image * weights)
            result = (result.softmax(1) if probability else result)[:, s.target]
            return (result[:, None, None] * weights[:, 0]).sum(0) / (count * keep)

        for score in ("probability", "logit"):
            if subject.real and (edge, score) not in (("mirror", "probability"), ("clamp", "logit")):
                continue
            raw, error = measured(subject, lambda s: run(s, score == "probability"), "HW")
            options = {"masks": count, "grid": cells, "keep": keep, "score": score, "edge": edge, "shift": "row, column"}
            table.add("paper", "rise", raw, target=subject.target, variant=f"{edge}.{score}", options=options, given=given, error=error)


def recipro(table, subject, targets):
    """Byun, Lee 2022 (Recipro-CAM): the score when only one place of the layer is kept, as it is or spread by a 3 × 3 binomial kernel."""
    kernels = {"pixel": numpy.array([[1.0]]), "gaussian": numpy.outer([1, 2, 1], [1, 2, 1]) / 16}

    def run(s, target, kernel, probability):
        def keep(_module, _inputs, features):
            _, _, height, width = features.shape
            reach = len(kernel) // 2
            masks = torch.zeros((height * width, 1, height, width), dtype=s.dtype)
            for place in range(height * width):
                for dy in range(-reach, reach + 1):
                    for dx in range(-reach, reach + 1):
                        y, x = place // width + dy, place % width + dx
                        if 0 <= y < height and 0 <= x < width:
                            masks[place, 0, y, x] = kernel[dy + reach, dx + reach]
            keep.shape = (height, width)
            return features * masks

        hook = s.module(s.last).register_forward_hook(keep)
        result = scores(s, s.image)
        hook.remove()
        return (result.softmax(1) if probability else result)[:, target].reshape(keep.shape)

    for target in targets:
        for name, kernel in kernels.items():
            for score in ("probability", "logit"):
                raw, error = measured(subject, lambda s: run(s, target, kernel, score == "probability"), "HW")
                table.add("paper", "reciprocam", raw, target=target, layer=subject.last, variant=f"{name}.{score}", options={"kernel": name, "score": score}, error=error)


def batch_of(subject, pictures):
    """Pictures [N, H, W, C] of numpy as the network's batch."""
    return torch.from_numpy(numpy.asarray(pictures)).permute(0, 3, 1, 2).to(subject.dtype)


def lime_image(table, subject):
    """LIME's own: Ridge(α = 1), weights √exp(−d² / 0.25²), d = cosine distance of the rows of bits; segments turned to one value."""
    labels, count = grid(subject.image.shape, 4, 4), 40 if subject.real else 150
    held = {}

    def run(s):
        explainer = lime.lime_image.LimeImageExplainer(random_state=91)
        original = explainer.data_labels

        def record(*args, **options):
            held["data"], outputs = original(*args, **options)
            return held["data"], outputs

        explainer.data_labels = record
        image = s.image[0].permute(1, 2, 0).numpy()
        found = explainer.explain_instance(
            image, lambda pictures: scores(s, batch_of(s, pictures)).numpy(), labels=(s.target,), top_labels=None, hide_color=0,
            num_samples=count, segmentation_fn=lambda _image: labels,
        )  # fmt: skip
        held["intercept"] = float(found.intercept[s.target])
        return numpy.array([value for _, value in sorted(found.local_exp[s.target])])

    raw, error = measured(subject, run, "K")
    given = {"labels": table.give("segments-16", labels, "HW"), "samples": table.give("lime-image.samples", held["data"], "NK")}
    options = {"model": "ridge", "alpha": 1, "kernel": "sqrt(exp(-d² / 0.25²)), d = 1 - cosine of the rows", "fill": 0, "intercept": held["intercept"]}
    table.add("lime", "lime", raw, target=subject.target, options=options, given=given, layout="K", error=error)


def kernel_explainer(table, subject):
    """KernelSHAP of shap with every coalition of six segments: the Shapley values."""
    labels = grid(subject.image.shape, 2, 3)
    given = {"labels": table.give("segments-6", labels, "HW")}

    def run(s):
        def value(coalitions):
            masks = torch.from_numpy(coalitions[:, labels]).to(s.dtype)[:, None]
            return scores(s, s.image * masks)[:, s.target].double().numpy()

        return shap.KernelExplainer(value, numpy.zeros((1, 6))).shap_values(numpy.ones((1, 6)), nsamples=2**6, l1_reg=False, silent=True)

    raw, error = measured(subject, run, "K")
    table.add("shap", "kernelshap", raw, target=subject.target, variant="exact", options={"fill": 0, "coalitions": "all"}, given=given, layout="K", error=error)


def pair_model(s):
    """The call that PAIR's methods make, for a torch network."""

    def call(pictures, call_model_args=None, expected_keys=()):
        batch = batch_of(s, pictures).requires_grad_(True)
        held = {}

        def keep(_module, _inputs, output):
            held["value"] = output
            output.retain_grad()

        hook = s.module(s.last).register_forward_hook(keep)
        score = s.net(batch)[:, s.target]
        hook.remove()
        if OUTPUT_LAYER_VALUES in expected_keys:
            return {OUTPUT_LAYER_VALUES: score.detach().numpy()}
        score.sum().backward()
        if INPUT_OUTPUT_GRADIENTS in expected_keys:
            return {INPUT_OUTPUT_GRADIENTS: batch.grad.permute(0, 2, 3, 1).numpy()}
        value = held["value"]
        return {CONVOLUTION_LAYER_VALUES: value.detach().permute(0, 2, 3, 1).numpy(), CONVOLUTION_OUTPUT_GRADIENTS: value.grad.permute(0, 2, 3, 1).numpy()}

    return call


def saliency(table, subject):
    peer, target = "saliency", subject.target

    def picture(s):
        return s.image[0].permute(1, 2, 0).numpy()

    def add(method, run, variant=None, options=None, given=None, draws=None, finish=False):
        raw, error = measured(subject, run, "CHW", draws)
        raw = numpy.asarray(raw)
        finished = VisualizeImageGrayscale(raw.transpose(1, 2, 0)) if finish else None
        table.add(peer, method, raw, target=target, variant=variant, options=options, given=given, finished=finished, layout="CHW", error=error)

    def chw(array):
        return numpy.ascontiguousarray(numpy.asarray(array).transpose(2, 0, 1))

    raw, error = measured(subject, lambda s: pair.GradCam().GetMask(picture(s), pair_model(s), should_resize=False, three_dims=False), "HW")
    finished = pair.GradCam().GetMask(picture(subject), pair_model(subject), three_dims=False)
    table.add(peer, "gradcam", raw, target=target, layer=subject.last, options={"rectified": True}, finished=finished, error=error)
    if subject.real:
        return
    add("saliency", lambda s: chw(pair.GradientSaliency().GetMask(picture(s), pair_model(s))), finish=True)
    options = {"steps": 25, "rule": "both ends of linspace(0, 1, 25), sum / 25", "baseline": "zero"}
    add("integrated-gradients", lambda s: chw(pair.IntegratedGradients().GetMask(picture(s), pair_model(s), x_steps=25)), options=options, finish=True)
    for magnitude in (True, False):
        draws = Draws()
        numpy.random.seed(92)

        def smooth(s):
            with draws.of(numpy.random, "normal"):
                return chw(pair.GradientSaliency().GetSmoothedMask(picture(s), pair_model(s), stdev_spread=0.15, nsamples=5, magnitude=magnitude))

        if magnitude:
            first = draws
        else:
            draws = first
            draws.again = True
        raw, error = measured(subject, smooth, "CHW", draws)
        noise = numpy.stack(draws["normal"]).transpose(0, 3, 1, 2)
        given = {"noise": table.give("saliency.noise", noise, "NCHW")}
        table.add(peer, "smoothgrad-squared" if magnitude else "smoothgrad", raw, target=target, options={"samples": 5, "noise": 0.15}, given=given, layout="CHW", error=error)

    def occlude(s):
        with torch.no_grad():
            return pair.Occlusion().GetMask(picture(s), without_gradient(s), size=9)[:, :, 0]

    raw, error = measured(subject, occlude, "HW")
    table.add(peer, "occlusion", raw, target=target, options={"window": 9, "stride": 1, "fill": 0, "combine": "sum of the covering windows, none ragged"}, error=error)


def without_gradient(s):
    return lambda pictures, **_: {OUTPUT_LAYER_VALUES: s.net(batch_of(s, pictures))[:, s.target].numpy()}


def superpixels(table, subject):
    """Segmentations of the picture (uint8 RGB)."""
    peer = "scikit-image"
    settings = {"n_segments": 50 if subject.real else 16, "compactness": 10.0, "sigma": 1.0, "start_label": 0}
    table.add(peer, "slic", skimage.segmentation.slic(subject.picture, **settings), options=settings)
    for kernel, distance, ratio in ((4, 200, 0.2), (2, 10, 0.5)):
        settings = {"kernel_size": kernel, "max_dist": distance, "ratio": ratio, "rng": 42}
        labels = skimage.segmentation.quickshift(subject.picture, **settings)
        if labels.max() > 0:
            table.add(peer, "quickshift", labels, variant=f"k{kernel}", options=settings)
