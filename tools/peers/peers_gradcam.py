"""pytorch-grad-cam: the CAM family. Raw maps are what get_cam_image gives, at the layer's resolution and before its ReLU."""
import numpy
import pytorch_grad_cam as pgc
import torch
from pytorch_grad_cam.ablation_layer import AblationLayer
from pytorch_grad_cam.sobel_cam import sobel_cam
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget, ClassifierOutputReST

from subject import measured

PEER = "pytorch-grad-cam"
KINDS = {
    "gradcam++": pgc.GradCAMPlusPlus, "xgradcam": pgc.XGradCAM, "gradcam-elementwise": pgc.GradCAMElementWise, "eigencam": pgc.EigenCAM,
    "eigengradcam": pgc.EigenGradCAM, "fem": pgc.FEM, "kpcacam": pgc.KPCA_CAM, "layercam": pgc.LayerCAM, "hirescam": pgc.HiResCAM, "gradcam": pgc.GradCAM,
}  # fmt: skip
CLASS_FREE = ("eigencam", "fem", "kpcacam")


def seen(cam, call):
    """The raw maps of a call, one a layer, and what it returns."""
    raw, original = [], cam.get_cam_image

    def record(*args, **options):
        raw.append(original(*args, **options))
        return raw[-1]

    cam.get_cam_image = record
    finished = call()
    return raw, finished


def once(kind, layer, target, score=ClassifierOutputTarget, **options):
    def run(subject):
        with kind(subject.net, [subject.module(layer)]) as cam:
            (raw,), finished = seen(cam, lambda: cam(subject.image, [score(target)], **options))
        return raw, finished

    return run


def write(table, subject, targets):
    last = subject.last
    plain = [name for name in KINDS if name not in ("gradcam", "layercam", "hirescam")]
    for name in plain:
        for target in targets[:1] if name in CLASS_FREE else targets:
            for layer in subject.layers[-2:]:
                if name == "kpcacam" and layer is not last:
                    continue
                (raw, finished), error = measured(subject, once(KINDS[name], layer, target), "HW")
                keep = layer is last and (not subject.real or (target == subject.target and name in ("gradcam++", "eigencam")))
                options = {"sign": "arbitrary"} if name in ("eigencam", "eigengradcam", "kpcacam") else {}
                shown = None if name in CLASS_FREE else target
                table.add(PEER, name, raw, target=shown, layer=layer, options=options, finished=finished if keep else None, error=error)
    for target in targets[1:]:
        for name in ("gradcam", "layercam", "hirescam"):
            (raw, _), error = measured(subject, once(KINDS[name], last, target), "HW")
            table.add(PEER, name, raw, target=target, layer=last, error=error)
    smoothed(table, subject)
    augmented(table, subject)
    full(table, subject, targets)
    finer(table, subject, targets)
    score(table, subject, targets)
    ablation(table, subject, targets)
    rest(table, subject)
    table.add(PEER, "sobel", sobel_cam(subject.picture), options={"of": "the picture, grey", "stages": "each derivative in absolute value, rounded and cut at 255"})


def smoothed(table, subject):
    """eigen_smooth: the first principal component of the weighted activations."""
    for name in ("gradcam", "layercam", "gradcam++"):
        (raw, finished), error = measured(subject, once(KINDS[name], subject.last, subject.target, eigen_smooth=True), "HW")
        table.add(PEER, name, raw, target=subject.target, layer=subject.last, variant="eigen-smooth", options={"sign": "arbitrary"}, finished=None if subject.real else finished, error=error)


def augmented(table, subject):
    """aug_smooth: mean of the finished maps over {as it is, flipped left to right} × {0.9, 1, 1.1}, flipped back."""

    def run(subject):
        with pgc.GradCAM(subject.net, [subject.module(subject.last)]) as cam:
            return cam(subject.image, [ClassifierOutputTarget(subject.target)], aug_smooth=True)

    finished, error = measured(subject, run, "HW")
    options = {"flip": "horizontal", "factors": [0.9, 1, 1.1]}
    table.add(PEER, "gradcam", finished, target=subject.target, layer=subject.last, variant="aug-smooth", options=options, error=error, note="raw holds the mean of the finished maps")


def pairing(subject, target):
    """FullGrad's bias terms |b·g| by the module they belong to, summed: independent of the order of hooks."""
    layers = {name: m for name, m in subject.net.named_modules() if type(m) in (torch.nn.Conv2d, torch.nn.BatchNorm2d) and m.bias is not None}
    outputs, hooks = {}, []
    for name, module in layers.items():
        def keep(_m, _i, output, name=name):
            output.retain_grad()
            outputs[name] = output
        hooks.append(module.register_forward_hook(keep))
    subject.net(subject.leaf())[0, target].backward()
    for hook in hooks:
        hook.remove()
    return [outputs[name].grad.numpy() for name in layers]


def full(table, subject, targets):
    """FullGrad. Raw: the sum of the min-maxed, resized channels, before the last min-max. Left out where it pairs biases wrongly."""

    def run(subject, target):
        cam = pgc.FullGrad(subject.net, [])
        held = {}
        original, gather = cam.aggregate_multi_layers, cam.compute_cam_per_layer

        def before(maps):
            held["raw"] = numpy.sum(maps, axis=1)
            return original(maps)

        def gradients(*args):
            held["gradients"] = [g.numpy() for g in cam.activations_and_grads.gradients]
            return gather(*args)

        cam.aggregate_multi_layers, cam.compute_cam_per_layer = before, gradients
        finished = cam(subject.image, [ClassifierOutputTarget(target)])
        cam.activations_and_grads.release()
        return held["raw"], finished, held["gradients"]

    for target in targets[:1] if subject.real else targets:
        (raw, finished, gradients), error = measured(subject, lambda s: run(s, target), "HW")
        right = pairing(subject, target)
        if any(a.shape != b.shape or abs(a - b).max() > 1e-6 + 1e-4 * abs(b).max() for a, b in zip(gradients, right, strict=True)):
            print(f"{subject.name}: pytorch-grad-cam FullGrad pairs biases with gradients of other layers: left out", flush=True)
            return
        table.add(PEER, "fullgrad", raw, target=target, finished=None if subject.real else finished, error=error, note="raw is the sum before the last min-max")


def finer(table, subject, targets):
    for target in targets:
        for alpha in (1, 0.6):
            def run(subject):
                cam = pgc.FinerCAM(subject.net, [subject.module(subject.last)], base_method=pgc.GradCAM)
                (raw,), finished = seen(cam.base_cam, lambda: cam(subject.image, target_idx=target, alpha=alpha))
                cam.base_cam.activations_and_grads.release()
                return raw, finished

            (raw, finished), error = measured(subject, run, "HW")
            keep = target == subject.target and not subject.real
            table.add(PEER, "finercam", raw, target=target, layer=subject.last, variant=f"alpha{alpha}", options={"alpha": alpha, "compare": [1, 2, 3], "base": "gradcam"}, finished=finished if keep else None, error=error)


def score(table, subject, targets):
    """On the large network one target and the layer of 112 channels, not the last one of 1280."""
    layer = subject.layers[-2] if subject.real else subject.last
    for target in targets[:1] if subject.real else targets:
        (raw, finished), error = measured(subject, once(pgc.ScoreCAM, layer, target), "HW")
        table.add(PEER, "scorecam", raw, target=target, layer=layer, finished=finished if target == subject.target else None, error=error)


def ablation(table, subject, targets):
    """Batches of one, and layers whose smallest value is exactly 0: elsewhere the peer ablates by −1e7 times the place in the batch."""
    for target in targets:
        def run(subject):
            cam = pgc.AblationCAM(subject.net, [subject.module(subject.last)], ablation_layer=AblationLayer(), batch_size=1)
            held = []
            subject.module(subject.last).register_forward_hook(lambda _m, _i, output: held.append(float(output.min())))
            (raw,), finished = seen(cam, lambda: cam(subject.image, [ClassifierOutputTarget(target)]))
            cam.activations_and_grads.release()
            if held[0] != 0:
                raise ValueError(f"{subject.name}: the smallest value of the layer is {held[0]}")
            return raw, finished

        (raw, finished), error = measured(subject, run, "HW")
        keep = target == subject.target and not subject.real
        table.add(PEER, "ablationcam", raw, target=target, layer=subject.last, options={"batch": 1}, finished=finished if keep else None, error=error)


def rest(table, subject):
    """Grad-CAM of the ReST target (logit + log-probability), and Shapley-CAM with it: elsewhere its Hessian term is 0."""
    (raw, _), error = measured(subject, once(pgc.GradCAM, subject.last, subject.target, ClassifierOutputReST), "HW")
    table.add(PEER, "gradcam", raw, target=subject.target, layer=subject.last, variant="rest", options={"score": "logit + log probability"}, error=error)

    def shapley(subject):
        with pgc.ShapleyCAM(subject.net, [subject.module(subject.last)]) as cam:
            (raw,), finished = seen(cam, lambda: cam(subject.image, [ClassifierOutputReST(subject.target)]))
        return raw, finished

    (raw, _), error = measured(subject, shapley, "HW")
    table.add(PEER, "shapleycam", raw, target=subject.target, layer=subject.last, options={"score": "logit + log probability"}, error=error)
