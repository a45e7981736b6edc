"""Input gradients: the float64 reference, and how far torch's own float32 gradient is from it."""
import numpy
import torch


class Affine(torch.nn.Module):
    """BatchNorm in inference: k·x + o with constants a channel, k = weight / sqrt(variance + eps)."""

    def __init__(self, norm):
        super().__init__()
        scale = 1 if norm.weight is None else norm.weight
        shift = 0 if norm.bias is None else norm.bias
        k = (scale / torch.sqrt(norm.running_var + norm.eps)).detach()
        self.register_buffer("k", k)
        self.register_buffer("o", (shift - norm.running_mean * k).detach())

    def forward(self, x):
        shape = [1, -1] + [1] * (x.dim() - 2)
        return x * self.k.reshape(shape) + self.o.reshape(shape)


def without_batch_norm(net):
    """The network with each plain BatchNorm written as the affine map it is in inference (changes `net`).

    torch 2.13 on the CPU differentiates an evaluating BatchNorm wrongly when the gradient that arrives has stride 0, as
    behind a mean over tokens: for levit_128 its float64 gradient is 26 times its own central difference, and is right
    once BatchNorm is written out. Subclasses that do more (an activation inside) are left alone.
    """
    for name, child in net.named_children():
        if type(child) in (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d) and child.running_var is not None:
            setattr(net, name, Affine(child))
        else:
            without_batch_norm(child)
    return net


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
