"""A small network built as EfficientNet is: MBConv blocks with squeeze-and-excitation and SiLU, one sigmoid output."""

import keras
from keras import layers

# Channels, stride, expansion.
BLOCKS = ((24, 2, 1), (40, 2, 3), (40, 1, 3), (72, 2, 3), (72, 1, 3))


def convolution(x, channels, kernel, name, stride=1, active=True):
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return norm(x, name, active)


def norm(x, name, active=True):
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return layers.Activation("silu", name=f"{name}_activation")(x) if active else x


def mbconv(x, channels, stride, expansion, name):
    source, width = x, x.shape[-1] * expansion
    if expansion > 1:
        x = convolution(x, width, 1, f"{name}_expand")
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False, name=f"{name}_dwconv")(x)
    x = norm(x, f"{name}_dw")
    squeeze = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_se_squeeze")(x)
    squeeze = layers.Conv2D(max(4, source.shape[-1] // 4), 1, activation="silu", name=f"{name}_se_reduce")(squeeze)
    squeeze = layers.Conv2D(width, 1, activation="sigmoid", name=f"{name}_se_expand")(squeeze)
    x = layers.Multiply(name=f"{name}_se_excite")([x, squeeze])
    x = convolution(x, channels, 1, f"{name}_project", active=False)
    if stride == 1 and source.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([x, source])
    return x


def network(name):
    """[N, 128, 128, 3], 0..255, to the probability of `malignant`."""
    inputs = keras.Input((128, 128, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1, name="rescaling")(inputs)
    x = convolution(x, 16, 3, "stem", 2)
    for number, (channels, stride, expansion) in enumerate(BLOCKS, start=1):
        x = mbconv(x, channels, stride, expansion, f"block{number}")
    x = convolution(x, 144, 1, "top")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dropout(0.25, name="top_dropout")(x)
    return keras.Model(inputs, layers.Dense(1, "sigmoid", name="malignant")(x), name=name)
