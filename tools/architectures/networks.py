"""Builds the torch networks of table.py with seeded random weights that make a gradient check meaningful."""
import math
import zlib

import torch
from torch import nn
from torch.nn import functional as F


def build(architecture):
    """The network of a table row, in eval mode, float32; its output is one tensor."""
    torch.manual_seed(zlib.crc32((architecture.base or architecture.name).encode()))
    name = architecture.base or architecture.name
    options = architecture.options
    if architecture.source == "torchvision":
        import torchvision

        net = getattr(torchvision.models, name)(weights=None, **options)
    elif architecture.source == "segmentation":
        import torchvision

        net = OneOutput(getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None, **options))
    elif architecture.source == "timm":
        import timm

        net = timm.create_model(name, pretrained=False, **options)
    elif architecture.source == "own":
        net = {"yolo": Yolo, "spatial_transformer": SpatialTransformer, "column_reader": ColumnReader}[name]()
    elif architecture.source in ("quantised", "half"):
        import torchvision

        net = getattr(torchvision.models, name)(weights=None)
    else:
        raise ValueError(f"{architecture.name}: unknown source {architecture.source}")
    return randomise(net, noise(architecture.size, 8))


def noise(size, batch, seed=20):
    """The network's input: standard normal, as after the usual normalisation."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 3, size, size, generator=generator)


@torch.no_grad()
def randomise(net, batch):
    """Replaces what fresh networks leave constant: ones, zeros, 1e-6 layer scales and empty BatchNorm statistics.

    One-dimensional parameters (also [1, 1, C] and scalars) get 0.1·N(0,1) added. Larger ones that are constant, such as a
    zero head, get N(0, 1/fan_in). BatchNorm statistics are those of one noise batch, so that activations and gradients
    keep their scale through the depth. (A fresh net's zeros would hide whole branches from the check.)
    """
    for parameter in net.parameters():
        if sum(n > 1 for n in parameter.shape) <= 1:
            parameter += 0.1 * torch.randn_like(parameter)
        elif parameter.min() == parameter.max():
            parameter.normal_(0, 1 / math.sqrt(parameter[0].numel()))
    net.eval()
    norms = [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if norms:
        momenta = [m.momentum for m in norms]
        for m in norms:
            m.train()
            m.momentum = 1.0
        net(batch)
        for m, momentum in zip(norms, momenta):
            m.eval()
            m.momentum = momentum
    return net


class OneOutput(nn.Module):
    """A segmentation network's class map as a plain tensor."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        return self.net(image)["out"]


class ConvBlock(nn.Module):
    def __init__(self, cin, cout, k=1, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, k, stride, k // 2, bias=False)
        self.norm = nn.BatchNorm2d(cout, eps=1e-3)

    def forward(self, x):
        return F.silu(self.norm(self.conv(x)))


class SplitBlock(nn.Module):
    """The C2f block: split in two, a chain of residual bottlenecks, everything concatenated."""

    def __init__(self, cin, cout, n=1):
        super().__init__()
        self.enter = ConvBlock(cin, cout)
        self.chain = nn.ModuleList(nn.Sequential(ConvBlock(cout // 2, cout // 2, 3), ConvBlock(cout // 2, cout // 2, 3)) for _ in range(n))
        self.leave = ConvBlock(cout + n * (cout // 2), cout)

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.chain:
            parts.append(parts[-1] + block(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class PyramidPooling(nn.Module):
    """SPPF: three 5x5 max pools of stride 1 in a row; their windows overlap, so gradients add up."""

    def __init__(self, channels):
        super().__init__()
        self.enter = ConvBlock(channels, channels // 2)
        self.leave = ConvBlock(channels * 2, channels)

    def forward(self, x):
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        return self.leave(torch.cat(parts, 1))


class Yolo(nn.Module):
    """A small detector with YOLOv8's parts: C2f, SPPF, nearest up-sampling, two scales, boxes as expectations (DFL).

    Output [N, 4 + classes, anchors]: box centre and size in pixels, then class probabilities.
    """

    def __init__(self, classes=20, bins=16, width=32, hidden=64):
        super().__init__()
        w = width
        self.bins, self.classes = bins, classes
        self.stem = nn.Sequential(ConvBlock(3, w, 3, 2), ConvBlock(w, w, 3, 2), SplitBlock(w, w))
        self.stage3 = nn.Sequential(ConvBlock(w, 2 * w, 3, 2), SplitBlock(2 * w, 2 * w, 2))
        self.stage4 = nn.Sequential(ConvBlock(2 * w, 4 * w, 3, 2), SplitBlock(4 * w, 4 * w), PyramidPooling(4 * w))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.merge3 = SplitBlock(6 * w, 2 * w)
        self.down = ConvBlock(2 * w, 2 * w, 3, 2)
        self.merge4 = SplitBlock(6 * w, 4 * w)
        scales = (2 * w, 4 * w)
        self.boxes = nn.ModuleList(nn.Sequential(ConvBlock(c, hidden, 3), nn.Conv2d(hidden, 4 * bins, 1)) for c in scales)
        self.scores = nn.ModuleList(nn.Sequential(ConvBlock(c, hidden // 2, 3), nn.Conv2d(hidden // 2, classes, 1)) for c in scales)
        self.expectation = nn.Conv2d(bins, 1, 1, bias=False)
        self.expectation.weight.data = torch.arange(bins, dtype=torch.float32).reshape(1, bins, 1, 1)

    def forward(self, x):
        p3 = self.stage3(self.stem(x))
        p4 = self.stage4(p3)
        p3 = self.merge3(torch.cat([self.up(p4), p3], 1))
        p4 = self.merge4(torch.cat([self.down(p3), p4], 1))
        outputs, anchors, strides = [], [], []
        for level, (feature, stride) in enumerate(((p3, 8), (p4, 16))):
            output = torch.cat([self.boxes[level](feature), self.scores[level](feature)], 1)
            h, w = output.shape[-2:]
            outputs.append(output.flatten(2))
            ys, xs = torch.meshgrid(torch.arange(h, dtype=x.dtype) + 0.5, torch.arange(w, dtype=x.dtype) + 0.5, indexing="ij")
            anchors.append(torch.stack([xs.flatten(), ys.flatten()]))
            strides.append(torch.full((1, h * w), stride, dtype=x.dtype))
        anchor, stride = torch.cat(anchors, 1), torch.cat(strides, 1)
        distance, score = torch.cat(outputs, 2).split((4 * self.bins, self.classes), 1)
        bins = distance.reshape(-1, 4, self.bins, distance.shape[-1]).transpose(1, 2).softmax(1)
        near, far = self.expectation(bins)[:, 0].chunk(2, 1)
        low, high = anchor - near, anchor + far
        box = torch.cat([(low + high) / 2, high - low], 1) * stride
        return torch.cat([box, score.sigmoid()], 1)


class SpatialTransformer(nn.Module):
    """Straightens its picture before it classifies it (Jaderberg et al. 2015): the sampled places depend on the picture, too."""

    def __init__(self, size=64, classes=20):
        super().__init__()
        ys, xs = torch.meshgrid(torch.linspace(-1, 1, size), torch.linspace(-1, 1, size), indexing="ij")
        self.register_buffer("places", torch.stack([xs, ys, torch.ones_like(xs)], -1).reshape(1, size * size, 3))
        self.register_buffer("still", torch.eye(2, 3))
        self.locate = nn.Sequential(ConvBlock(3, 8, 3, 2), ConvBlock(8, 8, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 6))
        self.classify = nn.Sequential(ConvBlock(3, 16, 3, 2), ConvBlock(16, 32, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, classes))

    def forward(self, x):
        matrix = self.still + 0.2 * self.locate(x).reshape(-1, 2, 3)
        grid = (self.places @ matrix.transpose(1, 2)).reshape(-1, *x.shape[2:], 2)
        return self.classify(F.grid_sample(x, grid, align_corners=False))


class ColumnReader(nn.Module):
    """Reads a picture column after column, as text recognition does (Shi et al. 2015): convolutions, then recurrent layers in both directions.

    torch's tracing exporter writes the local response norm with an If, whose branch follows from sizes.
    """

    def __init__(self, hidden=24, classes=20):
        super().__init__()
        self.look = nn.Sequential(ConvBlock(3, 16, 3, 2), nn.LocalResponseNorm(5, alpha=0.1, k=1.5), ConvBlock(16, 32, 3, 2))
        self.read = nn.GRU(32, hidden, bidirectional=True)
        self.again = nn.LSTM(2 * hidden, hidden, bidirectional=True)
        self.classify = nn.Linear(2 * hidden, classes)

    def forward(self, x):
        columns = self.look(x).mean(2).permute(2, 0, 1)
        return self.classify(self.again(self.read(columns)[0])[0].mean(0))
