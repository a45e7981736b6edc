"""A torch network with a picture, in float32 and again in float64: what the peers of the torch environment explain."""
import contextlib
import copy

import torch
from torch import nn
from torch.nn import functional as F

from reference import relative, squeezed


class Relu6(nn.ReLU):
    """ReLU6 as a kind of nn.ReLU, so that captum's rectified methods see it."""

    def forward(self, x):
        return F.relu6(x)


def visible(net):
    """The same network with every rectifier a module of its own: captum and pytorch-grad-cam do not see F.relu or ReLU6."""
    import small_models

    net = copy.deepcopy(net)
    for module in list(net.modules()):
        if isinstance(module, small_models.Residual):
            module.__class__ = ResidualOfModules
            module.relu1, module.relu2 = nn.ReLU(), nn.ReLU()
        for name, child in list(module.named_children()):
            if isinstance(child, nn.ReLU6):
                setattr(module, name, Relu6())
    return net.eval()


def residual_of_modules():
    import small_models

    class OfModules(small_models.Residual):
        def forward(self, x):
            return self.relu2(self.norm2(self.conv2(self.relu1(self.norm1(self.conv1(x))))) + self.shortcut(x))

    return OfModules


ResidualOfModules = residual_of_modules()


class Subject:
    """`layers` from shallow to deep, each {"id", "module", "value"}; `real` marks the large network."""

    def __init__(self, name, net, image, picture, layers, target, real, dtype=torch.float32):
        self.name, self.net, self.image, self.picture, self.layers, self.target, self.real = name, net, image, picture, layers, target, real
        self.dtype = dtype

    @property
    def last(self):
        return self.layers[-1]

    def module(self, layer):
        return self.net.get_submodule(layer["module"])

    def double(self):
        net = copy.deepcopy(self.net).double().eval()
        return Subject(self.name, net, self.image.double(), self.picture, self.layers, self.target, self.real, torch.float64)

    def visible(self):
        return Subject(self.name, visible(self.net), self.image, self.picture, self.layers, self.target, self.real, self.dtype)

    def leaf(self):
        return self.image.clone().requires_grad_(True)


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def measured(subject, run, layout, draws=None):
    """`run(subject)` in float32, and how far it is from the same run in float64 (None where the peer cannot); with the same draws."""
    found = run(subject)
    raw = found[0] if isinstance(found, tuple) else found
    if draws is not None:
        draws.replay(lambda given: given.double() if isinstance(given, torch.Tensor) and given.is_floating_point() else given)
    try:
        with default_dtype(torch.float64):
            exact = run(subject.double())
        exact = exact[0] if isinstance(exact, tuple) else exact
        error = relative(squeezed(raw, layout), squeezed(exact, layout))
    except (RuntimeError, TypeError, ValueError) as reason:
        print(f"  no float64 run: {type(reason).__name__} {str(reason).splitlines()[0][:90]}", flush=True)
        error = None
    finally:
        if draws is not None:
            draws.again, draws.cast = False, lambda given: given
    return found, error
