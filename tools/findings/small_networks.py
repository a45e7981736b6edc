"""Networks that are trained in a minute, with torch or, where there is none, with Keras."""

import numpy

try:
    import torch
    from torch import nn

    torch.set_num_threads(1)
except ImportError:
    torch = None
    import keras

from drawn_pictures import SIDE


def block(a, b, stride):
    return nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())


def plain(outputs):
    return nn.Sequential(
        block(3, 16, 2), block(16, 32, 2), block(32, 48, 1), block(48, 64, 2), block(64, 64, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, outputs)
    )


def attention(outputs):
    """A small vision transformer: patches of 8 × 8, two blocks, a token for the class."""

    class Layer(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
            self.three, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.wide = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

        def forward(self, x):
            n, tokens, width = x.shape
            q, k, v = self.three(self.first(x)).reshape(n, tokens, 3, 4, width // 4).permute(2, 0, 3, 1, 4)
            seen = torch.softmax(q @ k.transpose(-1, -2) / (width // 4) ** 0.5, -1) @ v
            x = x + self.out(seen.transpose(1, 2).reshape(n, tokens, width))
            return x + self.wide(self.second(x))

    class Transformer(nn.Module):
        def __init__(self, width=64):
            super().__init__()
            self.patches = nn.Conv2d(3, width, 8, 8)
            self.places = nn.Parameter(torch.randn(1, (SIDE // 8) ** 2 + 1, width) * 0.02)
            self.token = nn.Parameter(torch.zeros(1, 1, width))
            self.layers = nn.Sequential(Layer(width), Layer(width))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, outputs)

        def forward(self, x):
            x = self.patches(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
            return self.head(self.norm(self.layers(x))[:, 0])

    return Transformer()


def residual(outputs):
    """ResNet-18's plan, a quarter as wide."""

    class Pair(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            self.way = nn.Sequential(block(a, b, stride), nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b))
            self.short = nn.Identity() if a == b else nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

        def forward(self, x):
            return torch.relu(self.way(x) + self.short(x))

    stem = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    stages = [Pair(a, b, s) for a, b, s in [(16, 16, 1), (16, 32, 2), (32, 64, 2), (64, 128, 2)]]
    return nn.Sequential(stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, outputs))


def mobile(outputs):
    """EfficientNet's plan: blocks that widen, look at each channel by itself, weigh the channels and narrow."""

    class Block(nn.Module):
        def __init__(self, a, b, stride):
            super().__init__()
            wide = 3 * a
            self.same = a == b and stride == 1
            self.open = nn.Sequential(nn.Conv2d(a, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.SiLU())
            self.each = nn.Sequential(nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.SiLU())
            self.weigh = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(wide, wide // 4, 1), nn.SiLU(), nn.Conv2d(wide // 4, wide, 1), nn.Sigmoid())
            self.close = nn.Sequential(nn.Conv2d(wide, b, 1, bias=False), nn.BatchNorm2d(b))

        def forward(self, x):
            y = self.each(self.open(x))
            y = self.close(y * self.weigh(y))
            return x + y if self.same else y

    stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.SiLU())
    blocks = [Block(16, 24, 2), Block(24, 24, 1), Block(24, 40, 2), Block(40, 40, 1)]
    top = nn.Sequential(nn.Conv2d(40, 128, 1, bias=False), nn.BatchNorm2d(128), nn.SiLU())
    return nn.Sequential(stem, *blocks, top, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, outputs))


def tensor(pictures):
    return torch.tensor(numpy.stack(pictures).clip(0, 255).round() / 255, dtype=torch.float32).permute(0, 3, 1, 2)


class TorchModel:
    suffix = "onnx"

    def __init__(self, world, pictures, labels, seed=3):
        """Of two classes one output, of more one each."""
        torch.manual_seed(seed)
        self.world = world
        self.outputs = 1 if len(world.names) == 2 else len(world.names)
        self.several = isinstance(labels[0], tuple)
        self.net = {"plain": plain, "attention": attention, "residual": residual, "mobile": mobile}[world.network](self.outputs)
        x = tensor(pictures)
        y = torch.tensor(wanted(labels, self.outputs)) if self.several or self.outputs == 1 else torch.tensor(labels)
        loss = nn.functional.cross_entropy if y.ndim == 1 else nn.functional.binary_cross_entropy_with_logits
        most = 1.5e-3 if world.network == "attention" else 4e-3
        optimiser = torch.optim.AdamW(self.net.parameters(), most, weight_decay=1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, most, world.epochs * (len(x) // 64))
        for _ in range(world.epochs):
            for part in torch.randperm(len(x))[: len(x) // 64 * 64].split(64):
                optimiser.zero_grad()
                loss(self.net(x[part]), y[part]).backward()
                optimiser.step()
                schedule.step()
        self.net.eval()

    def logits(self, pictures):
        with torch.no_grad():
            return torch.cat([self.net(part) for part in tensor(pictures).split(64)]).numpy()

    def save(self, path):
        full = nn.Sequential(self.net, nn.Sigmoid() if self.several or self.outputs == 1 else nn.Softmax(1)).eval()
        names = {"input_names": ["image"], "output_names": ["probabilities"], "dynamic_axes": {"image": {0: "n"}, "probabilities": {0: "n"}}}
        torch.onnx.export(full, (torch.zeros(1, 3, self.world.side, self.world.side),), str(path), dynamo=False, opset_version=17, **names)


class KerasModel:
    suffix = "keras"

    def __init__(self, world, pictures, labels, seed=3):
        keras.utils.set_random_seed(seed)
        outputs = 1 if len(world.names) == 2 else len(world.names)
        y = wanted(labels, outputs)
        layers = keras.layers
        steps = [keras.Input((world.side, world.side, 3)), layers.Rescaling(1 / 255)]
        for filters in (16, 32, 48, 64):
            steps += [layers.Conv2D(filters, 3, padding="same", activation="relu"), layers.BatchNormalization(momentum=0.9), layers.MaxPooling2D()]
        steps += [layers.Conv2D(64, 3, padding="same", activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(outputs), layers.Activation("sigmoid" if outputs == 1 else "softmax")]
        self.net = keras.Sequential(steps)
        self.net.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy" if outputs == 1 else "categorical_crossentropy")
        self.net.fit(numpy.stack(pictures).clip(0, 255).astype("float32"), y, batch_size=64, epochs=world.epochs, verbose=0)
        self.before = keras.Model(self.net.inputs, self.net.layers[-2].output)

    def logits(self, pictures):
        return self.before.predict(numpy.stack(pictures).clip(0, 255).astype("float32"), verbose=0)

    def save(self, path):
        self.net.save(path)


def wanted(labels, outputs):
    """What the outputs should be: a row a picture."""
    if outputs == 1:
        return numpy.array(labels, numpy.float32)[:, None]
    rows = numpy.zeros((len(labels), outputs), numpy.float32)
    for row, label in zip(rows, labels):
        row[list(label) if isinstance(label, tuple) else label] = 1
    return rows
