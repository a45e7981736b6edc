"""captum: gradients, rectified gradients, paths, noise, layers and neurons, perturbation. Nothing is scaled by it: raw only."""
import captum.attr as attr
import numpy
import torch
from captum._utils.models.linear_model import SkLearnLasso, SkLearnRidge

from reference import Draws
from subject import measured

PEER = "captum"


def write(table, subject, targets):
    gradients(table, subject, targets)
    rectified(table, subject, targets)
    paths(table, subject, targets)
    noise(table, subject)
    layers(table, subject, targets)
    occlusion(table, subject)
    segments(table, subject)


def wide(table, subject, targets):
    rectified(table, subject, targets[:1])
    occlusion(table, subject)
    segments(table, subject)


def gradients(table, subject, targets):
    for target in targets[1:1] if subject.real else targets[1:]:
        for method, run in (
            ("saliency", lambda s: attr.Saliency(s.net).attribute(s.leaf(), target, abs=False)),
            ("gradient-x-input", lambda s: attr.InputXGradient(s.net).attribute(s.leaf(), target)),
        ):
            raw, error = measured(subject, run, "CHW")
            table.add(PEER, method, raw, target=target, variant="signed" if method == "saliency" else None, layout="CHW", error=error)


def rectified(table, subject, targets):
    """On the network with every rectifier a module (ReLU6 as a kind of ReLU). GuidedGradCam resizes by nearest neighbour."""
    shown = subject.visible()
    same = shown.net(subject.image) - subject.net(subject.image)
    if abs(same).max() > 1e-6:
        raise ValueError(f"{subject.name}: the network of modules differs")
    for target in targets[:1] if subject.real else targets:
        for method, kind in (("guided-backprop", attr.GuidedBackprop), ("deconvnet", attr.Deconvolution)):
            raw, error = measured(shown, lambda s: kind(s.net).attribute(s.leaf(), target), "CHW")
            table.add(PEER, method, raw, target=target, layout="CHW", error=error)
        if not subject.real:
            raw, error = measured(shown, lambda s: attr.GuidedGradCam(s.net, s.module(s.last)).attribute(s.leaf(), target), "CHW")
            table.add(PEER, "guided-gradcam", raw, target=target, layer=subject.last, options={"resize": "nearest", "relu": True}, layout="CHW", error=error)


RULES = {"gausslegendre": "gauss-legendre", "riemann_left": "left", "riemann_right": "right", "riemann_middle": "middle"}


def paths(table, subject, targets):
    def run(rule, target, steps, baseline):
        return lambda s: attr.IntegratedGradients(s.net).attribute(s.leaf(), baselines=baseline(s), target=target, n_steps=steps, method=rule, internal_batch_size=10)

    def zero(s):
        return torch.zeros_like(s.image)

    if subject.real:
        # The number of steps at which no unit on the path lies within rounding of its kink.
        for steps in (8, 6, 7, 9, 5, 10, 11, 12):
            raw, error = measured(subject, run("gausslegendre", subject.target, steps, zero), "CHW")
            if error < 5e-5:
                break
            print(f"  integrated gradients in {steps} steps: {error:.0e} from float64, tried again", flush=True)
        table.add(PEER, "integrated-gradients", raw, target=subject.target, variant="gauss-legendre", options={"steps": steps, "rule": "gauss-legendre", "baseline": "zero"}, layout="CHW", error=error)
        return
    for rule, name in RULES.items():
        for target in targets if rule == "gausslegendre" else targets[:1]:
            raw, error = measured(subject, run(rule, target, 20, zero), "CHW")
            table.add(PEER, "integrated-gradients", raw, target=target, variant=name, options={"steps": 20, "rule": name, "baseline": "zero"}, layout="CHW", error=error)
    other = 0.5 * torch.randn(subject.image.shape, generator=torch.Generator().manual_seed(40))
    file = table.give("baseline", other[0], "CHW")
    raw, error = measured(subject, run("gausslegendre", subject.target, 50, lambda s: other.to(s.dtype)), "CHW")
    table.add(PEER, "integrated-gradients", raw, target=subject.target, variant="picture", options={"steps": 50, "rule": "gauss-legendre", "baseline": "picture"}, given={"baseline": file}, layout="CHW", error=error)


def settled(subject, samples, sigma, target):
    """Noise with which float32 and float64 agree: no unit lies within rounding of its kink, where either side would be right."""
    for seed in range(50, 150):
        draws, generator = Draws(), torch.Generator().manual_seed(seed)
        drawn = sigma * torch.randn((samples, *subject.image.shape[1:]), generator=generator)
        if subject.real:  # as bytes, a quarter of the file
            drawn = unit(sigma) * torch.round(drawn / unit(sigma)).clamp(-127, 127)
        draws.drawn["normal"], draws.again = [drawn], True

        def run(s):
            with draws.of(torch, "normal"):
                return attr.NoiseTunnel(attr.Saliency(s.net)).attribute(s.leaf(), nt_type="smoothgrad_sq", nt_samples=samples, stdevs=sigma, target=target, abs=False)

        if measured(subject, run, "CHW", draws)[1] < 1e-5:
            return draws
    raise ValueError(f"{subject.name}: no noise that is clear of every kink")


def unit(sigma):
    """Step of noise that is saved as int8: four standard deviations."""
    return sigma / 32


def noise(table, subject):
    """Noise tunnel: absolute σ; the noise itself is saved (already times σ). GradientShap: one α a sample, one of three baselines."""
    samples, sigma, target = (2, 0.1, subject.target) if subject.real else (5, 0.3, subject.target)
    draws = settled(subject, samples, sigma, target)
    wrapped = {"saliency-signed": lambda s: (attr.Saliency(s.net), {"abs": False}), "saliency": lambda s: (attr.Saliency(s.net), {"abs": True})}
    if not subject.real:
        wrapped["gradient-x-input"] = lambda s: (attr.InputXGradient(s.net), {})
        wrapped["integrated-gradients"] = lambda s: (attr.IntegratedGradients(s.net), {"n_steps": 8, "baselines": torch.zeros_like(s.image)})
    kinds = {"smoothgrad": "smoothgrad", "smoothgrad-squared": "smoothgrad_sq", "vargrad": "vargrad"}
    drawn = draws["normal"][0]
    file = table.give("noise", torch.round(drawn / unit(sigma)).to(torch.int8).numpy() if subject.real else drawn, "NCHW")
    for base, make in wrapped.items():
        for method, kind in kinds.items():
            if base != "saliency-signed" and method != "smoothgrad":
                continue
            if subject.real and (base != "saliency-signed" or method != "smoothgrad"):
                continue

            def run(s):
                method_of, options = make(s)
                with draws.of(torch, "normal"):
                    return attr.NoiseTunnel(method_of).attribute(s.leaf(), nt_type=kind, nt_samples=samples, stdevs=sigma, target=target, **options)

            draws.again = True
            raw, error = measured(subject, run, "CHW", draws)
            options = {"samples": samples, "sigma": sigma, "of": base} | ({"noiseUnit": unit(sigma)} if subject.real else {})
            table.add(PEER, method, raw, target=target, variant=base, options=options, given={"noise": file}, layout="CHW", error=error)
    if subject.real:
        return
    baselines = 0.5 * torch.randn((3, *subject.image.shape[1:]), generator=torch.Generator().manual_seed(41))
    for variant, sigma in (("no-noise", 0.0), ("noise", 0.2)):
        torch.manual_seed(51)
        numpy.random.seed(51)
        draws = Draws()

        def shap(s):
            with draws.of(torch, "normal"), draws.of(numpy.random, "uniform"), draws.of(numpy.random, "choice"):
                return attr.GradientShap(s.net).attribute(s.image, baselines.to(s.dtype), n_samples=5, stdevs=sigma, target=target)

        raw, error = measured(subject, shap, "CHW", draws)
        given = {
            "baselines": table.give("baselines", baselines, "NCHW"),
            "alphas": table.give(f"gradientshap.{variant}.alphas", draws["uniform"][0], "N"),
            "choice": table.give(f"gradientshap.{variant}.choice", draws["choice"][0], "N"),
        }
        if sigma > 0:
            given["noise"] = table.give("gradientshap.noise", draws["normal"][0], "NCHW")
        table.add(PEER, "expected-gradients", raw, target=target, variant=variant, options={"samples": 5, "sigma": sigma}, given=given, layout="CHW", error=error)


def layers(table, subject, targets):
    for layer in subject.layers[-2:]:
        for target in targets:
            raw, error = measured(subject, lambda s: attr.LayerGradCam(s.net, s.module(layer)).attribute(s.leaf(), target), "HW")
            if layer is not subject.last or target != subject.target:
                table.add(PEER, "gradcam", raw, target=target, layer=layer, error=error)
    layer = subject.layers[-2]
    if subject.real:
        return
    for target in targets:
        raw, error = measured(subject, lambda s: attr.LayerGradientXActivation(s.net, s.module(layer)).attribute(s.leaf(), target), "CHW")
        table.add(PEER, "layer-gradient-x-activation", raw, target=target, layer=layer, layout="CHW", error=error)

        def path(s):
            return attr.LayerIntegratedGradients(s.net, s.module(layer)).attribute(s.leaf(), torch.zeros_like(s.image), target, n_steps=20)

        raw, error = measured(subject, path, "CHW")
        options = {"steps": 20, "rule": "gauss-legendre", "baseline": "zero", "path": "from the layer's value at the baseline to that at the picture, straight"}
        table.add(PEER, "layer-integrated-gradients", raw, target=target, layer=layer, options=options, layout="CHW", error=error)
    raw, error = measured(subject, lambda s: attr.LayerActivation(s.net, s.module(layer)).attribute(s.image), "CHW")
    table.add(PEER, "layer-activation", raw, layer=layer, layout="CHW", error=error)
    for unit in ((5, 3, 4), (2, 6, 1)):
        options = {"unit": unit}
        name = "-".join(map(str, unit))
        raw, error = measured(subject, lambda s: attr.NeuronGradient(s.net, s.module(layer)).attribute(s.leaf(), unit), "CHW")
        if float(abs(raw).max()) == 0:
            print(f"{subject.name}: unit {unit} is shut, left out", flush=True)
            continue
        table.add(PEER, "neuron-gradient", raw, layer=layer, variant=name, options=options, layout="CHW", error=error)
        raw, error = measured(subject, lambda s: attr.NeuronIntegratedGradients(s.net, s.module(layer)).attribute(s.leaf(), unit, torch.zeros_like(s.image), n_steps=20), "CHW")
        table.add(PEER, "neuron-integrated-gradients", raw, layer=layer, variant=name, options=options | {"steps": 20, "rule": "gauss-legendre", "baseline": "zero"}, layout="CHW", error=error)


def occlusion(table, subject):
    """y(x) − y(occluded), averaged over the windows that cover a pixel, ragged windows at the edges included."""
    side = subject.image.shape[2]
    cases = [(side // 7, side // 7, 0.0)] if subject.real else [(8, 4, 0.0), (10, 7, 0.0), (8, 8, 0.5)]
    for window, stride, fill in cases:
        def run(s):
            channels = s.image.shape[1]
            shape, strides = (channels, window, window), (channels, stride, stride)
            return attr.Occlusion(s.net).attribute(s.image, shape, strides, fill, target=s.target, perturbations_per_eval=8)[:, 0]

        with torch.no_grad():
            raw, error = measured(subject, run, "HW")
        table.add(PEER, "occlusion", raw, target=subject.target, variant=f"w{window}s{stride}f{fill}", options={"window": window, "stride": stride, "fill": fill, "combine": "mean of the covering windows"}, error=error)


def grid(shape, rows, columns):
    """Labels 0… of a grid over the picture."""
    height, width = shape[-2:]
    y, x = numpy.mgrid[0:height, 0:width]
    return (y * rows // height) * columns + x * columns // width


def segments(table, subject):
    """Ablation, Shapley values, LIME and KernelSHAP over a given segmentation; one number a segment."""
    target = subject.target
    labels = grid(subject.image.shape, 2, 3)
    fine = grid(subject.image.shape, 4, 4)
    files = {"labels": table.give("segments-6", labels, "HW")}
    fine_files = {"labels": table.give("segments-16", fine, "HW")}
    mask, fine_mask = (torch.from_numpy(a)[None, None].long() for a in (labels, fine))

    def per_segment(result, of, count):
        result = result.detach().numpy()[0, 0]
        return numpy.array([result[of == i][0] for i in range(count)])

    with torch.no_grad():
        raw, error = measured(subject, lambda s: per_segment(attr.FeatureAblation(s.net).attribute(s.image, 0.0, target, feature_mask=fine_mask, perturbations_per_eval=8), fine, 16), "K")
        table.add(PEER, "feature-ablation", raw, target=target, variant="zero", options={"fill": 0}, given=fine_files, layout="K", error=error)
        if not subject.real:
            raw, error = measured(subject, lambda s: per_segment(attr.ShapleyValues(s.net).attribute(s.image, 0.0, target, feature_mask=mask, perturbations_per_eval=60), labels, 6), "K")
            table.add(PEER, "shapley-values", raw, target=target, variant="exact", options={"fill": 0, "permutations": "all"}, given=files, layout="K", error=error)
        count = 3 if subject.real else 10
        order = [torch.randperm(16, generator=torch.Generator().manual_seed(60 + i)).tolist() for i in range(count)]

        def sampling(s):
            method = attr.ShapleyValueSampling(s.net)
            method.permutation_generator = lambda _features, _samples: iter(order)
            return per_segment(method.attribute(s.image, 0.0, target, feature_mask=fine_mask, n_samples=count, perturbations_per_eval=8), fine, 16)

        raw, error = measured(subject, sampling, "K")
        given = fine_files | {"permutations": table.give("permutations", numpy.array(order), "NK")}
        table.add(PEER, "shapley-sampling", raw, target=target, options={"fill": 0, "samples": count}, given=given, layout="K", error=error)
    surrogates(table, subject, fine, fine_mask, fine_files)


def surrogates(table, subject, fine, mask, files):
    """LIME (Lasso and Ridge) and KernelSHAP; the interpretable samples are saved."""
    target, count = subject.target, 40 if subject.real else 120

    def lime(model, kernel, file):
        held = {"samples": []}

        def run(s):
            held["samples"] = []
            source = iter(numpy.load(table.root / file).astype(int)) if file else None
            generator = torch.Generator().manual_seed(70)

            def perturb(_original, **facts):
                row = torch.from_numpy(next(source)[None]) if source else (torch.rand((1, 16), generator=generator) < 0.5).long()
                held["samples"].append(row[0].numpy())
                return row

            method = attr.Lime(s.net, interpretable_model=model(), similarity_func=kernel, perturb_func=perturb)
            return method.attribute(s.image, 0.0, target, feature_mask=mask, n_samples=count, perturbations_per_eval=8, return_input_shape=False)[0]

        return run, held

    def cosine(a, b, interpretable, **facts):
        d = 1 - torch.nn.functional.cosine_similarity(a.reshape(1, -1), b.reshape(1, -1))
        return torch.exp(-(d**2) / (2 * 1.0**2))[0]

    file = None
    for variant, make, options in (
        ("lasso", lambda: SkLearnLasso(alpha=0.0005), {"model": "lasso", "alpha": 0.0005}),
        ("ridge", lambda: SkLearnRidge(alpha=1.0), {"model": "ridge", "alpha": 1.0}),
    ):
        run, held = lime(make, cosine, file)
        with torch.no_grad():
            raw = run(subject)
            if file is None:
                file = table.give("lime.samples", numpy.array(held["samples"]), "NK")
            raw, error = measured(subject, lime(make, cosine, file)[0], "K")
        options = options | {"fill": 0, "kernel": "exp(-d² / (2 · 1²)), d = 1 - cosine of the pictures"}
        table.add(PEER, "lime", raw, target=target, variant=variant, options=options, given=files | {"samples": file}, layout="K", error=error)

    held = {}

    def kernel_shap(s):
        torch.manual_seed(71)
        method = attr.KernelShap(s.net)
        original = method.perturb_func
        held["samples"] = []

        def perturb(*args, **facts):
            for row in original(*args, **facts):
                held["samples"].append(row[0].numpy())
                yield row

        method.perturb_func = perturb
        with torch.random.fork_rng():
            return method.attribute(s.image, 0.0, target, feature_mask=mask, n_samples=count, perturbations_per_eval=8, return_input_shape=False)[0]

    with torch.no_grad():
        raw = kernel_shap(subject)
        rows = [row for row in held["samples"]]

        def again(s):
            method = attr.KernelShap(s.net)

            def perturb(*_args, **_facts):
                for row in rows:
                    yield torch.from_numpy(row[None])

            method.perturb_func = perturb
            return method.attribute(s.image, 0.0, target, feature_mask=mask, n_samples=count, perturbations_per_eval=8, return_input_shape=False)[0]

        raw, error = measured(subject, again, "K")
    given = files | {"samples": table.give("kernelshap.samples", numpy.array(rows[:count]), "NK")}
    table.add(PEER, "kernelshap", raw, target=target, options={"fill": 0, "samples": count, "weights": "1; 1e6 for none and all"}, given=given, layout="K", error=error)
