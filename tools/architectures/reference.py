"""Input gradients: the float64 reference, and how far torch's own float32 gradient is from it."""
import numpy
import torch


def gradient(net, image, target):
    """Value of output[target] and its gradient by the image, both in the network's own precision."""
    image = image.detach().clone().requires_grad_(True)
    value = net(image)[tuple(target)]
    (gradient,) = torch.autograd.grad(value, image)
    return value.item(), gradient.detach()


def relative_error(candidate, reference):
    """||candidate - reference|| / ||reference|| over all pixels."""
    difference = candidate.double() - reference.double()
    return (difference.norm() / reference.double().norm()).item()


def float32_errors(net, image, target, reference):
    """Relative L2 errors of torch's float32 gradient: with oneDNN, without, and with the image moved by 1e-6.

    Deep random ReLU networks are chaotic: one flipped sign changes the gradient, so no float32 engine can do better
    than this. A checked engine may err as much as the largest of the three, times a stated factor.
    """
    errors = {}
    for name, enabled in (("onednn", True), ("plain", False)):
        with torch.backends.mkldnn.flags(enabled=enabled):
            errors[name] = relative_error(gradient(net, image, target)[1], reference)
    generator = torch.Generator().manual_seed(21)
    step = 1e-6 * image.std() * torch.randn(image.shape, generator=generator)
    errors["moved"] = relative_error(gradient(net, image + step, target)[1], reference)
    errors["max"] = max(errors.values())
    return errors


def save(path, tensor):
    numpy.save(path, numpy.ascontiguousarray(tensor.detach().cpu().numpy()))
