"""Tiny models, one a family of layers, saved by Keras with inputs and Keras's own predictions: fixtures/keras.

    $py tools/keras/layers.py [FAMILY…]

Keras 3 writes FAMILY.keras, tf_keras FAMILY.h5; FAMILY.FRAMEWORK.json has input and outputs (float32, base64). Each output is named after the
layer it comes from.
"""
import base64
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras as keras3  # noqa: E402
import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras as keras2  # noqa: E402

OUT = pathlib.Path(__file__).parents[2] / "fixtures/keras"
FAMILIES = {}


def family(shape, *frameworks, prepare=None):
    """Registers a function (keras, layers, input) → list of output tensors; `prepare` changes the input array first."""

    def register(build):
        FAMILIES[build.__name__] = (shape, frameworks or ("keras", "tf_keras"), build, prepare)
        return build

    return register


@family((9, 8, 3))
def convolution(K, L, x):
    y = L.Permute((3, 1, 2))(x)
    line = L.Reshape((24, 9))(x)
    cube = L.Reshape((4, 6, 9, 1))(x)
    return [
        L.Conv2D(4, 3, activation="relu")(x),
        L.Conv2D(4, (3, 2), strides=2, padding="same", use_bias=False)(x),
        L.Conv2D(6, (2, 5), strides=(3, 2), padding="same", groups=3)(x),
        L.Conv2D(4, 3, dilation_rate=(2, 3), padding="same")(x),
        L.Conv2D(4, 3, strides=2, padding="same", data_format="channels_first", activation="tanh")(y),
        L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2)(x),
        L.DepthwiseConv2D(2, dilation_rate=2, activation="sigmoid")(x),
        L.SeparableConv2D(5, 3, depth_multiplier=2, strides=2, padding="same")(x),
        L.Conv2DTranspose(4, 3, strides=2, padding="same")(x),
        L.Conv2DTranspose(4, 4, strides=3, padding="valid")(x),
        L.Conv2DTranspose(2, 2, strides=3, padding="valid")(x),
        L.Conv2DTranspose(2, 2, strides=3, padding="same", activation="relu")(x),
        L.Conv2DTranspose(3, 5, strides=3, padding="same", output_padding=2)(x),
        L.Conv2DTranspose(2, 3, strides=1, padding="same", data_format="channels_first")(y),
        L.Conv1D(4, 3, padding="causal", dilation_rate=2)(line),
        L.Conv1D(4, 3, strides=2, padding="same")(line),
        L.SeparableConv1D(4, 3)(line),
        L.DepthwiseConv1D(3, padding="same")(line),
        L.Conv1DTranspose(3, 3, strides=2)(line),
        L.Conv3D(2, (2, 3, 3), strides=(1, 2, 2), padding="same")(cube),
        L.Conv3DTranspose(2, 3, strides=2, padding="same")(cube),
    ]


@family((9, 8, 4))
def pooling(K, L, x):
    y = L.Permute((3, 1, 2))(x)
    line = L.Reshape((24, 12))(x)
    cube = L.Reshape((6, 6, 8, 1))(x)
    new = [L.GlobalAveragePooling2D(keepdims=True)(x), L.GlobalMaxPooling1D(keepdims=True)(line)]
    return [
        L.MaxPooling2D()(x),
        L.MaxPooling2D(3, strides=2, padding="same")(x),
        L.AveragePooling2D((3, 2), strides=1, padding="same")(x),
        L.AveragePooling2D(2, strides=3, padding="same")(x),
        L.MaxPooling2D(2, data_format="channels_first")(y),
        L.GlobalAveragePooling2D()(x),
        L.GlobalMaxPooling2D()(x),
        L.GlobalAveragePooling2D(data_format="channels_first")(y),
        L.MaxPooling1D(3)(line),
        L.AveragePooling1D(2, padding="same")(line),
        L.GlobalAveragePooling1D()(line),
        L.MaxPooling3D(2)(cube),
        L.AveragePooling3D(2, strides=1, padding="same")(cube),
        L.GlobalMaxPooling3D()(cube),
        *new,
    ]


@family((7, 8, 5), "keras")
def adaptive(K, L, x):
    line = L.Reshape((14, 20))(x)
    return [L.AdaptiveAveragePooling2D((3, 4))(x), L.AdaptiveMaxPooling2D(2)(x), L.AdaptiveAveragePooling1D(4)(line), L.AdaptiveMaxPooling1D(5)(line)]


@family((6, 5, 8))
def normalization(K, L, x):
    y = L.Permute((3, 1, 2))(x)
    tokens = L.Reshape((30, 8))(x)
    flat = L.Flatten()(x)
    outs = [
        L.BatchNormalization()(x),
        L.BatchNormalization(scale=False, epsilon=0.01)(x),
        L.BatchNormalization(center=False, axis=1)(y),
        L.BatchNormalization()(tokens),
        L.BatchNormalization(axis=2)(x),
        L.BatchNormalization()(flat),
        L.LayerNormalization()(x),
        L.LayerNormalization(axis=(1, 2, 3), center=False)(x),
        L.LayerNormalization(axis=1, epsilon=0.1)(x),
        L.GroupNormalization(4)(x),
        L.GroupNormalization(-1, scale=False)(x),
        L.GroupNormalization(2, axis=1)(y),
        L.UnitNormalization()(x),
        L.UnitNormalization(axis=(1, 2))(x),
        L.Normalization(mean=[0.1 * i for i in range(8)], variance=[0.5 + i for i in range(8)])(x),
        L.Normalization(axis=None, mean=0.3, variance=2.0)(x),
        L.Normalization(axis=-1)(x),
        L.Normalization(axis=-1, mean=0.5, variance=4.0, invert=True)(x),
    ]
    # tf_keras's own does not take a layer of tf_keras.
    if K is keras3:
        outs += [L.SpectralNormalization(L.Conv2D(3, 3))(x), L.RMSNormalization()(x), L.LayerNormalization(rms_scaling=True)(x)]
    return outs


@family((5, 4, 6))
def activation(K, L, x):
    names = ["elu", "exponential", "gelu", "hard_sigmoid", "linear", "mish", "relu", "relu6" if K is keras3 else "swish", "selu", "sigmoid",
             "softmax", "softplus", "softsign", "swish", "tanh"]  # fmt: skip
    if K is keras3:
        names += ["celu", "glu", "hard_shrink", "hard_silu", "hard_tanh", "leaky_relu", "log_sigmoid", "log_softmax", "silu", "soft_shrink",
                  "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "tanh_shrink"]  # fmt: skip
    outs = [L.Activation(name)(x) for name in names]
    if K is keras3:
        outs += [L.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2)(x), L.LeakyReLU(negative_slope=0.15)(x), L.Softmax(axis=(1, 2))(x)]
        outs += [L.Dense(4, activation=L.LeakyReLU(0.3))(x), L.Conv2D(4, 1, activation="gelu")(x), K.activations.gelu(x, approximate=True)]
    else:
        outs += [L.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2)(x), L.LeakyReLU(alpha=0.15)(x), L.ThresholdedReLU(0.4)(x)]
    return outs + [L.ReLU(6.0)(x), L.ReLU(negative_slope=0.2)(x), L.ELU(0.7)(x), L.Softmax()(x), L.Softmax(axis=1)(L.Conv2D(4, 1)(x)),
                   L.PReLU()(x), L.PReLU(shared_axes=[1, 2])(L.Conv2D(4, 1)(x)), L.Dense(3, activation="softmax")(L.Flatten()(x))]  # fmt: skip


@family((4, 6, 6))
def dense(K, L, x):
    line = L.Reshape((8, 18))(x)
    return [
        L.Dense(5)(L.Flatten()(x)),
        L.Dense(5, use_bias=False, activation="relu")(L.Flatten()(x)),
        L.Dense(7)(x),
        L.Dense(7, activation="tanh")(L.Conv2D(4, 1)(x)),
        L.Dense(3)(L.Dense(9)(line)),
        L.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d")(line),
        L.EinsumDense("...x,xy->...y", output_shape=5, bias_axes="y", activation="relu")(line),
        L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")(line),
        L.EinsumDense("abcd,cde->abe", output_shape=(None, 5))(x),
    ]


@family((6, 8, 4))
def reshaping(K, L, x):
    y = L.Permute((3, 1, 2))(x)
    c = L.Conv2D(3, 1)(x)
    line = L.Reshape((12, 16))(x)
    cube = L.Reshape((4, 4, 4, 3))(x)
    outs = [
        L.Flatten()(c),
        L.Flatten(data_format="channels_first")(y),
        L.Reshape((-1, 6))(c),
        L.Reshape((1, 1, 192))(x),
        L.Permute((2, 1, 3))(c),
        L.Permute((3, 2, 1))(x),
        L.RepeatVector(3)(L.Flatten()(x)),
        L.ZeroPadding2D(((1, 2), (0, 3)))(c),
        L.ZeroPadding2D(1, data_format="channels_first")(y),
        L.ZeroPadding1D((2, 1))(line),
        L.ZeroPadding3D(1)(cube),
        L.Cropping2D(((1, 2), (0, 3)))(c),
        L.Cropping1D(2)(line),
        L.Cropping3D(1)(cube),
        L.UpSampling2D()(c),
        L.UpSampling2D((2, 3), interpolation="bilinear")(x),
        L.UpSampling2D(2, data_format="channels_first")(y),
        L.UpSampling1D(3)(line),
        L.UpSampling3D(2)(cube),
        L.Conv2D(2, 1, name="se_conv")(L.Reshape((1, 1, 3))(L.GlobalAveragePooling2D()(c))),
    ]
    return outs + [L.UpSampling2D(2, interpolation=name)(x) for name in ("bicubic", "lanczos3", "lanczos5") if K is keras3 or name == "bicubic"]


@family((6, 5, 4))
def merging(K, L, x):
    c = L.Conv2D(4, 1)(x)
    one = L.GlobalAveragePooling2D(keepdims=True)(c)
    flat = L.Flatten()(x)
    line = L.Reshape((10, 12))(x)
    other = L.Reshape((12, 10))(c)
    return [
        L.Add()([x, c, x]),
        L.Subtract()([x, c]),
        L.Multiply()([c, one]),
        L.Average()([x, c]),
        L.Maximum()([x, c]),
        L.Minimum()([x, c]),
        L.Concatenate()([x, c]),
        L.Concatenate(axis=1)([c, x]),
        L.Add()([c, L.Dense(4)(flat)]) if K is keras3 else L.Add()([c, c]),
        L.Dot(axes=1)([flat, flat]),
        L.Dot(axes=(2, 1))([line, other]),
        L.Dot(axes=(1, 2), normalize=True)([line, other]),
    ]


@family((12, 10, 3))
def preprocessing(K, L, x):
    c = L.Conv2D(2, 1)(x)
    outs = [
        L.Rescaling(1 / 127.5, offset=-1)(x),
        L.Rescaling([1.0, 2.0, 3.0], offset=[0.1, 0.2, 0.3])(x),
        L.Resizing(7, 15)(x),
        L.Resizing(24, 5, interpolation="nearest")(c),
        L.Resizing(8, 8, crop_to_aspect_ratio=True)(x),
        L.Resizing(9, 21, interpolation="bicubic")(x),
        L.Resizing(5, 4, interpolation="area")(x) if K is keras2 else L.Resizing(5, 4, antialias=True)(x),
        L.CenterCrop(5, 6)(x),
        L.CenterCrop(20, 8)(x),
        L.RandomFlip()(x),
        L.RandomRotation(0.2)(x),
        L.RandomZoom(0.2)(x),
        L.RandomTranslation(0.1, 0.1)(x),
        L.RandomContrast(0.2)(x),
        L.RandomBrightness(0.2)(x),
        L.RandomCrop(8, 6)(x),
        L.Dropout(0.5)(x),
        L.SpatialDropout2D(0.5)(x),
        L.GaussianNoise(0.5)(x),
        L.GaussianDropout(0.5)(x),
        L.AlphaDropout(0.5)(x),
        L.ActivityRegularization(0.5)(x),
    ]
    if K is keras3:
        outs += [L.Resizing(9, 9, pad_to_aspect_ratio=True)(x), L.RandomHue(0.2, value_range=(0, 1))(x), L.RandomErasing(value_range=(0, 1))(x), L.Identity()(x)]
    return outs


@family((6, 4, 8))
def attention(K, L, x):
    tokens = L.Reshape((24, 8))(x)
    few = L.Cropping1D((0, 14))(tokens)
    mha = L.MultiHeadAttention(2, 3)
    out, scores = L.MultiHeadAttention(2, 4)(tokens, few, return_attention_scores=True)
    outs = [
        mha(tokens, tokens),
        L.MultiHeadAttention(3, 4, value_dim=2, output_shape=5, use_bias=False)(few, tokens),
        L.MultiHeadAttention(2, 4)(tokens, tokens, use_causal_mask=True),
        L.MultiHeadAttention(2, 4)(x, x),
        out,
        scores,
        L.Attention()([tokens, few]),
        L.Attention(use_scale=True)([few, tokens, tokens]),
        L.AdditiveAttention()([few, tokens]),
        L.AdditiveAttention(use_scale=False)([few, few]),
        mha(few, few),
    ]
    if K is keras3:
        outs += [L.GroupQueryAttention(4, 4, 2)(tokens, few), L.Attention(score_mode="concat")([tokens, few])]
    return outs


@family((6, 3, 4))
def recurrent(K, L, x):
    line = L.Reshape((6, 12))(x)
    outs = [
        L.SimpleRNN(4)(line),
        L.LSTM(4, return_sequences=True)(line),
        *L.LSTM(3, return_state=True, go_backwards=True)(line),
        L.LSTM(3, activation="relu", recurrent_activation="hard_sigmoid", use_bias=False)(line),
        L.GRU(4)(line),
        L.GRU(4, reset_after=False, return_sequences=True)(line),
        L.Bidirectional(L.LSTM(3))(line),
        L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum")(line),
        L.RNN(L.LSTMCell(3))(line),
        L.TimeDistributed(L.Dense(3, activation="relu"))(line),
        L.TimeDistributed(L.Conv1D(2, 2))(x),
        L.TimeDistributed(K.Sequential([K.Input((3, 4)), L.Conv1D(2, 2, name="td_conv"), L.Flatten(), L.Dense(3, name="td_dense")]))(x),
        L.ConvLSTM1D(2, 2, padding="same")(x),
        L.ConvLSTM2D(2, 2, return_sequences=True, recurrent_activation="sigmoid")(L.Reshape((3, 4, 3, 2))(x)),
    ]
    return outs


@family((8, 8, 3))
def structure(K, L, x):
    """Shared layers, nested models, several outputs, a model within a model within a model."""
    inner = K.Sequential([K.Input((8, 8, 3)), L.Conv2D(3, 3, padding="same", name="conv"), L.BatchNormalization(name="bn")], name="inner")
    mid_in = K.Input((8, 8, 3))
    mid = K.Model(mid_in, [inner(mid_in), L.Add(name="add")([mid_in, inner(mid_in)])], name="middle")
    shared = L.Conv2D(3, 3, padding="same", name="shared")
    a, b = mid(shared(x))
    c = shared(a)
    # One layer in two models is saved once by Keras 3, which then cannot read its own file.
    again = inner if K is keras2 else K.Sequential([K.Input((8, 8, 3)), L.Conv2D(3, 3, padding="same", name="conv"), L.ReLU(name="bn")], name="inner")
    seq = K.Sequential([K.Input((8, 8, 3)), again, L.GlobalAveragePooling2D(), L.Dense(4, name="head", activation="softmax")], name="classifier")
    frozen = K.Sequential([K.Input((8, 8, 3)), L.Conv2D(2, 3, name="conv"), L.BatchNormalization(name="bn"), L.Conv2D(2, 1, name="last")], name="frozen")
    frozen.trainable = False
    return [L.Concatenate(name="joined")([a, b, c]), seq(c), frozen(b)]


@family((8, 8, 3))
def dictionaries(K, L, x):
    """A nested model that takes and gives dictionaries, called twice, its inputs in another order than it names them."""
    left, right = K.Input((8, 8, 3), name="left"), K.Input((8, 8, 3), name="right")
    difference = L.Subtract(name="difference")([L.Conv2D(2, 3, name="one")(left), L.Conv2D(2, 3, name="two")(right)])
    pair = K.Model({"left": left, "right": right}, difference, name="pair")
    doubled = L.Rescaling(2.0, name="doubled")(x)
    return [pair({"right": doubled, "left": x}), pair({"left": doubled, "right": x})]


@family((8, 6, 4))
def function(K, L, x):
    if K is keras2:
        return [
            tf.reduce_mean(x, [1, 2], keepdims=True), tf.reshape(x, (-1, 48, 4)), tf.transpose(x, (0, 3, 1, 2)), x[..., 0], x[:, 1:-1, ::2, None],
            tf.concat([x, x], axis=-1), tf.nn.relu6(x), tf.nn.gelu(x, approximate=True), tf.image.resize(x, (4, 4)), tf.pad(x, [[0, 0], [1, 1], [1, 2], [0, 0]]),
            tf.split(x, 2, axis=-1)[1], tf.clip_by_value(x, 0, 1), tf.matmul(x, x, transpose_b=True), tf.where(x > 0, x, 0.0), tf.expand_dims(x, 1),
            tf.square(x), x**2, -x, x / 2.0, 1.0 - x, tf.maximum(x, 0.1), tf.stack([x, x], axis=1), tf.tile(x, (1, 2, 1, 1)), tf.nn.softmax(x, axis=1),
            tf.nn.l2_normalize(x, axis=-1), tf.nn.swish(x), tf.sigmoid(x), tf.nn.avg_pool2d(x, 2, 2, "SAME"), tf.nn.depth_to_space(x, 2),
            K.applications.mobilenet_v2.preprocess_input(x), K.applications.resnet.preprocess_input(x[..., :3]), L.Conv2D(2, 1)(x) * 2.0 + 1.0,
        ]  # fmt: skip
    ops = K.ops
    c = L.Conv2D(4, 1)(x)
    return [
        ops.mean(c, axis=[1, 2], keepdims=True), ops.mean(c, axis=[1, 2]), ops.reshape(c, (-1, 48, 4)), ops.transpose(c, (0, 3, 1, 2)), c[..., 0],
        c[:, 1:-1, ::2, None], ops.concatenate([x, c], axis=-1), ops.relu(c), ops.gelu(x, approximate=True), ops.image.resize(c, (4, 4)),
        ops.pad(c, [[0, 0], [1, 1], [1, 2], [0, 0]]), ops.split(c, 2, axis=-1)[1], ops.clip(c, 0, 1), ops.matmul(x, ops.swapaxes(c, 2, 3)),
        ops.where(c > 0, x, 0.0), ops.expand_dims(c, 1), ops.squeeze(c[:, :1], 1), ops.max(c, axis=-1), ops.sum(c, axis=1), ops.square(c),
        ops.sqrt(ops.abs(c)), c**2, -c, c / 2.0, 1.0 - c, ops.maximum(c, 0), ops.stack([x, c], axis=1), ops.repeat(c, 2, axis=1), ops.tile(c, (1, 2, 1, 1)),
        ops.softmax(c, axis=1), ops.average_pool(c, 2, padding="same"), ops.max_pool(c, 2), ops.normalize(c), ops.flip(c, axis=1), ops.roll(c, 1, axis=1),
        ops.einsum("abcd,abce->abde", x, c), ops.exp(c), ops.moveaxis(c, -1, 1), ops.var(c, axis=-1, keepdims=True), ops.std(c, axis=[1, 2]),
        ops.rsqrt(ops.abs(c) + 1.0), ops.sigmoid(c), K.activations.relu(c, max_value=3), c * numpy.array([1.0, 2.0, 3.0, 4.0], "float32"), ops.add(c, numpy.ones((6, 4), "float32")),
    ]  # fmt: skip


def with_gaps(x):
    """Steps of zeros, others in each sequence: at the begin, in the middle, at the end."""
    x[0, 2] = x[0, 5] = 0
    x[1, 0] = x[1, 3:5] = 0


@family((6, 5), prepare=with_gaps)
def masking(K, L, x):
    m = L.Masking()(x)
    d = L.Dense(4, activation="tanh")(m)
    e = L.LayerNormalization()(L.Dropout(0.2)(L.Dense(4)(m)))
    ops = K.ops if K is keras3 else tf
    pairs = ops.greater(ops.matmul(d, K.ops.transpose(e, (0, 2, 1)) if K is keras3 else tf.transpose(e, (0, 2, 1))), 0.1)
    # Keras 3's MultiHeadAttention takes the masks off the tensors it gets: each has tensors of its own.
    own = lambda *values: [L.Rescaling(1.0)(value) if K is keras3 else value for value in values]  # noqa: E731
    line = K.Sequential([K.Input((6, 5)), L.Masking(0.0, name="gap"), L.Dense(3, name="td"), L.GRU(3, name="gru")], name="line")
    outs = [
        L.LSTM(3)(m),
        L.LSTM(3, return_sequences=True)(d),
        *L.GRU(3, return_state=True, return_sequences=True)(d),
        L.SimpleRNN(3, return_sequences=True, go_backwards=True)(m),
        L.LSTM(2)(L.LSTM(4, return_sequences=True)(m)),
        L.Bidirectional(L.LSTM(3, return_sequences=True))(d),
        L.GRU(2)(L.Bidirectional(L.GRU(2, return_sequences=True), merge_mode="ave")(m)),
        L.RNN(L.LSTMCell(3), zero_output_for_mask=True, return_sequences=True)(d),
        L.GlobalAveragePooling1D()(d),
        L.GRU(3)(L.TimeDistributed(L.Dense(3))(m)),
        L.LSTM(2)(L.Add()([d, e])),
        L.LSTM(2)(L.Concatenate()([d, e])),
        L.LSTM(2, return_sequences=True)(L.Concatenate(axis=1)([d, e])),
        L.ConvLSTM1D(2, 2)(L.Reshape((6, 5, 1))(m)),
        L.Attention()(own(d, e)),
        L.AdditiveAttention()(own(d, e)),
        L.Attention()(own(d, e), use_causal_mask=True),
        L.LSTM(3)(L.Attention()(own(d, d))),
        L.MultiHeadAttention(2, 3)(*own(d, e)),
        *L.MultiHeadAttention(2, 3)(*own(d, e), return_attention_scores=True),
        L.MultiHeadAttention(2, 3)(*own(d, e), use_causal_mask=True),
        L.GRU(2)(L.MultiHeadAttention(2, 3)(*own(d, d))),
        L.MultiHeadAttention(2, 3)(x, x, attention_mask=pairs),
        *L.MultiHeadAttention(2, 3)(x, x, attention_mask=pairs, return_attention_scores=True),
        L.Softmax()(x, ops.greater(x, -0.5)),
        L.LSTM(2)(L.Rescaling(2.0)(m)),
        line(x),
    ]
    return outs


@family((6, 5))
def stacked(K, L, x):
    return [
        L.RNN([L.LSTMCell(3), L.GRUCell(4)])(x),
        L.RNN([L.SimpleRNNCell(3), L.SimpleRNNCell(2), L.LSTMCell(3)], return_sequences=True)(x),
        L.RNN([L.GRUCell(2, reset_after=False), L.GRUCell(3)], go_backwards=True)(x),
        L.Bidirectional(L.RNN([L.LSTMCell(2), L.LSTMCell(2)], return_sequences=True))(x),
        L.RNN(L.StackedRNNCells([L.GRUCell(3), L.LSTMCell(2)]), return_sequences=True)(L.Masking()(L.ReLU()(x))),
    ]


@family((8, 6, 3), "keras")
def contrast(K, L, x):
    flat = L.Rescaling([1.0, 0.0, 0.5], offset=[0.0, 0.3, 0.1])(x)
    return [
        L.AutoContrast(value_range=(-2, 2))(x),
        L.AutoContrast(value_range=(0, 1))(flat),
        L.AutoContrast()(L.Conv2D(2, 1)(x)),
        L.Solarization(addition_factor=0.3, threshold_factor=0.5)(x),
    ]


@family((8, 6, 4))
def elementary(K, L, x):
    y = x * 0.4
    if K is keras2:
        m = tf.math
        return [
            m.log1p(tf.abs(x)), m.expm1(x), m.sinh(x), m.cosh(x), m.atan(x), m.asinh(x), m.acosh(tf.abs(x) + 1.5), m.atanh(y / 4), m.tan(y), m.erfc(x),
            x // 0.7, x % 0.7, m.floormod(x, -0.7), m.divide_no_nan(x, x - x), m.divide_no_nan(x, x), tf.add_n([x, y, x]), m.logical_xor(x > 0, x < 1),
            m.reduce_euclidean_norm(x, -1), tf.norm(x, axis=-1), tf.norm(x, ord=1, axis=1), tf.cast(x * 3, tf.int32), tf.cast(x > 0, tf.float32), m.is_nan(x),
        ]  # fmt: skip
    o = K.ops
    return [
        *(f(y) for f in (o.arcsinh, o.arctan, o.cosh, o.exp2, o.expm1, o.sinh, o.tan, o.isnan, o.trunc, o.cbrt, o.erfc, o.deg2rad, o.hard_silu)),
        o.arccosh(o.abs(x) + 1.5), o.arctanh(y / 4), o.log10(o.abs(x) + 0.5), o.log1p(o.abs(x)), o.log2(o.abs(x) + 0.5), o.floor_divide(x, 0.3), o.mod(x, 0.7),
        x // -0.3, x % -0.7, o.logaddexp(x, y), o.divide(x, 2.0), o.divide_no_nan(x, y * 0.0), o.hypot(x, y), o.full_like(x, 3.0) * x, o.logical_xor(x > 0, x < 1),
        o.norm(x, axis=-1), o.norm(x, axis=-1, keepdims=True, ord=1), o.cast(x * 3, "int32"), o.amax(x, -1), o.cast(x > 0, "float32") * x,
    ]  # fmt: skip


@family((8, 6, 4), "keras")
def numbers(K, L, x):
    """Functions of numbers that are rarer, where they bend too: at zero, at infinity, at what is no number."""
    o = K.ops
    c = L.Conv2D(4, 1)(x)
    log = o.log(x)  # no number where x is below 0
    pole = o.divide(x, o.relu(x))
    return [
        o.arctan2(x, c), o.arctan2(c, -0.5), o.arctan2(o.relu(x), o.minimum(c, 0.0)), o.ptp(c, axis=(1, 2)), o.ptp(x, axis=-1, keepdims=True), o.count_nonzero(o.relu(c), axis=-1), o.count_nonzero(x > 0, axis=(1, 2)),
        o.fabs(x), o.fmax(log, c), o.fmin(c, log), o.fmod(x, 0.7), o.fmod(c, -0.3), o.ldexp(x, 3), o.logaddexp2(x, c), o.heaviside(x, c), o.sinc(o.relu(c)), o.isclose(x, c, rtol=0.3, atol=0.1), o.isfinite(pole),
        o.isposinf(1.0 / o.relu(x)), o.isneginf(o.log(o.relu(x))), o.nan_to_num(log, nan=0.25), o.nan_to_num(1.0 / o.relu(x), posinf=7.0), o.nan_to_num(o.log(o.relu(x)), neginf=-9.0),
        *o.hsplit(c, 2), *o.dsplit(x, 3), o.dstack([x, c]), o.clip(c, [0.0, -1.0, 0.0, -2.0], [0.5, 0.2, 1.0, 0.3]), o.copy(x) * 1.5, o.real(c) - 1.0,
    ]  # fmt: skip


@family((8, 6, 4))
def picking(K, L, x):
    t = L.Reshape((12, 16))(x)
    if K is keras2:
        return [
            tf.gather(x, [2, 0], axis=-1), tf.gather(x, 1, axis=2), tf.unstack(x, axis=-1)[1], tf.sort(x, axis=1), tf.sort(x, axis=-1, direction="DESCENDING"),
            tf.math.top_k(t, 5)[0], tf.argmax(x, -1), tf.argmin(x, 1), tf.one_hot(tf.argmax(x, -1), 4), tf.math.cumsum(x, axis=1), tf.math.cumsum(x, axis=2, exclusive=True, reverse=True),
        ]  # fmt: skip
    o = K.ops
    c = L.Conv2D(4, 1)(x)
    return [
        o.take(c, [0, 2], axis=-1), o.take(x, 1, axis=2), o.take(x, -1, axis=1), o.cumsum(t, axis=1), o.sort(c, axis=-1), *o.top_k(t, 3), o.unstack(x, axis=-1)[2], o.tril(t), o.triu(t, 1),
        o.argmax(c, -1), o.argmin(c, 1, keepdims=True), o.one_hot(o.argmax(c, -1), 4), o.diff(c, axis=1), o.diff(x, n=2, axis=2),
    ]  # fmt: skip


@family((12, 10, 3))
def pictures(K, L, x):
    c = L.Conv2D(3, 1)(x)
    if K is keras2:
        i = tf.image
        return [
            i.rgb_to_grayscale(c), i.flip_left_right(c), i.flip_up_down(x), i.per_image_standardization(c), i.central_crop(x, 0.5), i.crop_to_bounding_box(c, 1, 2, 8, 7),
            i.pad_to_bounding_box(x, 1, 2, 16, 15), i.extract_patches(c, [1, 4, 4, 1], [1, 4, 4, 1], [1, 1, 1, 1], "VALID"), i.extract_patches(x, [1, 3, 2, 1], [1, 2, 1, 1], [1, 1, 1, 1], "SAME"),
            tf.nn.local_response_normalization(c, 1, 0.5, 0.3, 0.7), tf.nn.conv2d(x, KERNEL, 2, "SAME"), tf.nn.depthwise_conv2d(x, KERNEL[..., :1], [1, 1, 1, 1], "VALID"),
            K.backend.batch_flatten(c), *tf.nn.moments(c, [1, 2], keepdims=True), tf.tensordot(x, KERNEL[0, 0], [[3], [0]]),
        ]  # fmt: skip
    i = K.ops.image
    o = K.ops
    return [
        i.rgb_to_grayscale(c), i.pad_images(c, 1, 2, bottom_padding=3, right_padding=1), i.pad_images(x, 1, 2, target_height=16, target_width=15), i.crop_images(c, 1, 2, target_height=8, target_width=7),
        i.extract_patches(c, 4), i.extract_patches(x, (4, 3), strides=(2, 3), padding="same"), i.extract_patches(x, 3, strides=1, dilation_rate=2), o.conv(c, KERNEL, padding="same"), o.conv(x, KERNEL, strides=2),
        o.depthwise_conv(c, KERNEL), o.batch_normalization(c, KERNEL[0, 0, 0, :1].repeat(3), KERNEL[0, 0, 0, :1].repeat(3) ** 2, -1), o.layer_normalization(c),
        o.layer_normalization(x, gamma=KERNEL[0, :, 0, 0], beta=KERNEL[1, :, 0, 0]), o.rms_normalization(c), *o.moments(c, [1, 2], keepdims=True), o.average(c, axis=1),
        o.dot(x, KERNEL[0, 0]), o.tensordot(c, KERNEL[0, 0], axes=[[3], [0]]), o.matmul(x, KERNEL[0, 0]), o.einsum("...c,cd->...d", c, KERNEL[0, 0]),
        o.dot_product_attention(*(L.Reshape((30, 3, 4))(z) for z in (x, c, x))), o.swapaxes(c, 1, -1), o.flip(x, -1),
    ]  # fmt: skip


@family((8, 6, 4))
def parts(K, L, x):
    """Parts of a value, and a value out of parts. Of a half turn (k = 2) Keras 3.15 on TensorFlow makes something else than NumPy."""
    c = L.Conv2D(4, 1)(x)
    if K is keras2:
        return [
            tf.slice(c, [0, 1, 0, 2], [-1, 3, -1, 2]), tf.strided_slice(x, [0, 1, 5, 0], [0, 7, 1, 4], [1, 2, -1, 1], begin_mask=9, end_mask=9), tf.image.grayscale_to_rgb(c[:, :, :, :1]),
            tf.image.grayscale_to_rgb(x[:, 0, :, :1]), tf.norm(c, ord="fro", axis=[1, 2]),
        ]  # fmt: skip
    o = K.ops
    return [
        *(o.rot90(c, k=k, axes=(1, 2)) for k in (1, 3, -1)), o.rot90(x, axes=(3, 1)), o.hstack([c, x]), *o.array_split(c, 3, axis=1), *o.array_split(x, 4, axis=-1),
        o.expand_dims(c, (1, -1)), o.expand_dims(x, (-2, 2)), o.norm(c, ord="fro", axis=(1, 2)), o.norm(c, ord=numpy.inf, axis=-1), o.norm(x, ord="fro", axis=(1, 3), keepdims=True),
    ]  # fmt: skip


KERNEL = numpy.random.default_rng(2).standard_normal((3, 3, 3, 2)).astype("float32")


@family((8, 6, 3), "tf_keras")
def sizes(K, L, x):
    """Arithmetic of `tf.shape`, the batch open."""
    y = L.Conv2D(4, 3)(x)
    s = tf.shape(y)
    row = tf.constant(numpy.arange(4, dtype="float32").reshape(1, 1, 4))
    lines = tf.reshape(y, (s[0], -1, 4))
    return [
        tf.reshape(y, [tf.shape(y)[0], s[1] * s[2], s[3]]), tf.reshape(y, [-1, s[1] * s[2] * 4]), tf.reshape(y, tf.concat([s[:1], [24, 4]], 0)), tf.reshape(y, tf.stack([s[0], s[1] * 2, s[2] // 2, 4])),
        tf.image.resize(y, tf.shape(x)[1:3]), tf.concat([tf.zeros((s[0], 1, 4)), lines], axis=1), tf.concat([tf.ones([s[0], 2, 4]) * 3.0, lines], axis=1), tf.concat([tf.fill([s[0], 1, 4], 0.5), lines], 1),
        tf.broadcast_to(row, [s[0], 1, 4]) + lines, tf.tile(row, [s[0], 4, 1]) + y[:, 0], lines / tf.sqrt(tf.cast(s[-1], tf.float32)),
    ]  # fmt: skip


@family((7, 6, 3), "tf_keras")
def local(K, L, x):
    line = L.Reshape((14, 9))(x)
    return [
        L.LocallyConnected2D(4, 3)(x), L.LocallyConnected2D(2, (2, 3), strides=(2, 1), activation="relu", use_bias=False)(L.Conv2D(2, 1)(x)),
        L.LocallyConnected1D(4, 3, strides=2, activation="tanh")(line),
        L.Bidirectional(L.LSTM(3, return_sequences=True), backward_layer=L.GRU(2, return_sequences=True, go_backwards=True))(line),
    ]  # fmt: skip


def indices(x):
    x[:] = [[1, 2, 3, 4, 5, 0, 0], [9, 8, 7, 0, 0, 0, 0]]


@family((7,), prepare=indices)
def embedding(K, L, x):
    outs = [
        L.Embedding(10, 4)(x),
        L.LSTM(3)(L.Embedding(10, 4, mask_zero=True)(x)),
        L.GlobalAveragePooling1D()(L.Embedding(10, 4, mask_zero=True)(x)),
        L.Bidirectional(L.GRU(2))(L.Dropout(0.2)(L.Embedding(10, 4, mask_zero=True)(x))),
    ]
    return outs + ([L.ReversibleEmbedding(10, 4)(x)] if K is keras3 else [])


@family((6, 5, 3))
def adapted(K, L, x):
    """Normalization with statistics of a data set, alone and in a nested model; a ConvLSTM in both directions."""
    data = numpy.random.default_rng(1).normal(5, 3, (20, 6, 5, 3)).astype("float32")

    def normalization(axis):
        layer = L.Normalization(axis=axis)
        layer.adapt(data)
        return layer

    inner = K.Sequential([K.Input((6, 5, 3)), L.RandomFlip(), normalization(-1), L.Conv2D(2, 3, name="conv")], name="inner")
    film = L.Reshape((3, 2, 5, 3))(x)
    ways = [L.Bidirectional(L.ConvLSTM2D(2, 2, padding="same"), merge_mode=mode)(film) for mode in ("concat", "ave")]
    return [normalization(-1)(x), normalization(None)(x), inner(x), *ways, L.Bidirectional(L.ConvLSTM2D(2, 2, return_sequences=True))(film)]


def codes(x):
    """Whole numbers from -1 to 5, some of them in no category."""
    x[:] = [[0, 1, 1, 4], [3, 3, 5, 2]]


@family((4,), prepare=codes)
def categories(K, L, x):
    one = x[:, :1]
    outs = [
        L.CategoryEncoding(6)(x),
        L.CategoryEncoding(6, output_mode="count")(x),
        L.CategoryEncoding(6, output_mode="one_hot")(one),
        L.Discretization(bin_boundaries=[0.5, 1.0, 3.5])(x),
        L.Discretization(bin_boundaries=[0.5, 1.0, 3.5], output_mode="one_hot")(one),
        L.Discretization(bin_boundaries=[0.5, 1.0, 3.5], output_mode="multi_hot")(x),
    ]
    weights = L.Dense(4, name="weights")(x)
    return outs + [L.CategoryEncoding(6, output_mode="count")(x, count_weights=weights)]


@family((8, 8, 4))
def windows(K, L, x):
    """Windows of a Swin transformer, shifted: a reshape cuts each picture into four items, attention within each, and they are joined again."""
    o = K.ops if K is keras3 else tf
    roll = K.ops.roll if K is keras3 else tf.roll
    y = roll(x, [-2, -2], axis=[1, 2])
    y = o.transpose(o.reshape(y, (-1, 2, 4, 2, 4, 4)), (0, 1, 3, 2, 4, 5))
    tokens = o.reshape(y, (-1, 16, 4))
    inner = L.LayerNormalization()(tokens)
    inner = L.Add()([tokens, L.MultiHeadAttention(2, 3)(inner, inner)])
    y = o.transpose(o.reshape(inner, (-1, 2, 2, 4, 4, 4)), (0, 1, 3, 2, 4, 5))
    y = roll(o.reshape(y, (-1, 8, 8, 4)), [2, 2], axis=[1, 2])
    return [y, L.Dense(3)(L.GlobalAveragePooling2D()(L.Conv2D(4, 3)(y)))]


def encode(array):
    array = numpy.ascontiguousarray(array, dtype="<f4")
    return {"dims": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def randomise(model):
    generator = numpy.random.default_rng(5)
    weights = []
    for value, variable in zip(model.get_weights(), model.weights):
        path = getattr(variable, "path", variable.name)
        if value.dtype.kind != "f":
            weights.append(value)
        elif "variance" in path:
            weights.append(generator.uniform(0.5, 1.5, value.shape))
        else:
            weights.append(0.5 * generator.standard_normal(value.shape))
    model.set_weights(weights)


def make(name, shape, which, build, prepare):
    K = keras3 if which == "keras" else keras2
    K.backend.clear_session()
    K.utils.set_random_seed(3)
    image = K.Input(shape, name="image")
    outputs = build(K, K.layers, image)
    model = K.Model(image, outputs, name=name)
    randomise(model)
    x = numpy.random.default_rng(11).standard_normal((2, *shape)).astype("float32")
    if prepare:
        prepare(x)
    file = f"{name}.keras" if which == "keras" else f"{name}.h5"
    model.save(OUT / file, **({} if which == "keras" else {"include_optimizer": False}))
    # What was saved is what counts: Normalization keeps constants made of its weights.
    results = K.models.load_model(OUT / file).predict_on_batch(x)
    record = {"model": file, "version": K.__version__, "inputs": {"image": encode(x)}, "outputs": [encode(result) for result in results]}
    (OUT / f"{name}.{which}.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")
    print(name, which, len(outputs), "outputs")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, (shape, frameworks, build, prepare) in FAMILIES.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        for which in frameworks:
            make(name, shape, which, build, prepare)


if __name__ == "__main__":
    main()
