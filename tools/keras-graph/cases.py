"""Tiny TensorFlow graphs, one file a family of operations, with what TensorFlow computes: fixtures/keras-graph.

    $py tools/keras-graph/cases.py [FAMILY…]

Each FAMILY.json is the model.json of a TensorFlow.js graph model (GraphDef as protobuf's JSON, weights moved into a manifest);
FAMILY.bin its weights, FAMILY.case.json the inputs and TensorFlow's results (float32, base64). Fused operations, as grappler leaves
them, are put in by hand where TensorFlow has no CPU kernel of that name; their results are those of the parts.
"""
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy  # noqa: E402
import tensorflow as tf  # noqa: E402
from graph_model import save  # noqa: E402

OUT = pathlib.Path(__file__).parents[2] / "fixtures/keras-graph"
FAMILIES = {}
random = numpy.random.default_rng(7)


def family(shape, **options):
    def register(build):
        FAMILIES[build.__name__] = (shape, options, build)
        return build

    return register


def weights(*shape):
    return tf.constant(random.normal(0, 0.5, shape).astype("float32"))


@family((9, 8, 3))
def convolution(x):
    c = tf.nn.conv2d
    y = c(x, weights(3, 3, 3, 4), 1, "SAME")
    y = tf.nn.relu(tf.nn.bias_add(y, weights(4)))
    z = c(y, weights(3, 2, 4, 6), [1, 2, 3, 1], "SAME")
    t = tf.nn.conv2d_transpose
    return [
        z,
        c(y, weights(2, 3, 4, 2), 2, "VALID"),
        c(y, weights(3, 3, 4, 2), 1, "VALID", dilations=2),
        c(y, weights(3, 3, 4, 2), 1, [[0, 0], [1, 2], [0, 1], [0, 0]]),
        tf.raw_ops.Conv2D(input=y, filter=weights(3, 3, 4, 5), strides=[1, 1, 1, 1], padding="SAME", dilations=[1, 2, 3, 1]),
        tf.nn.depthwise_conv2d(y, weights(3, 3, 4, 2), [1, 2, 2, 1], "SAME"),
        tf.raw_ops.DepthwiseConv2dNative(input=y, filter=weights(3, 3, 4, 1), strides=[1, 1, 1, 1], padding="VALID"),
        t(y, weights(3, 3, 5, 4), [2, 18, 16, 5], 2, "SAME"),
        t(y, weights(3, 3, 5, 4), [2, 17, 15, 5], 2, "SAME"),
        t(y, weights(2, 2, 5, 4), [2, 27, 24, 5], 3, "SAME"),
        t(y, weights(4, 3, 5, 4), [2, 20, 17, 5], 2, "VALID"),
        t(y, weights(4, 3, 5, 4), tf.stack([tf.shape(y)[0], tf.shape(y)[1] * 2, tf.shape(y)[2] * 2, 5]), 2, "SAME"),
    ]


@family((10, 9, 4))
def dilated(x):
    """Dilation as TensorFlow 1 wrote it, and the same operations alone."""
    s = tf.space_to_batch(x, [2, 2], [[2, 2], [2, 3]])
    y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(s, weights(3, 3, 4, 3), 1, "VALID"), weights(3)))
    y = tf.batch_to_space(y, [2, 2], [[0, 0], [0, 1]])
    s = tf.space_to_batch(x, [2, 3], [[0, 0], [0, 0]])
    d = tf.nn.depthwise_conv2d(s, weights(3, 2, 4, 2), [1, 1, 1, 1], "VALID")
    d = tf.batch_to_space(d, [2, 3], [[1, 1], [0, 0]])
    alone = tf.space_to_batch(x, [2, 3], [[0, 0], [0, 0]])
    return [y, d, tf.batch_to_space(tf.tanh(alone) * 2.0, [2, 3], [[1, 0], [0, 2]])]


@family((9, 8, 4))
def pooling(x):
    n = tf.compat.v1.nn
    stats = [tf.abs(weights(4)) + 0.5, weights(4), weights(4), tf.abs(weights(4)) + 0.1]
    fused = lambda op: op(x=x, scale=stats[0], offset=stats[1], mean=stats[2], variance=stats[3], epsilon=0.01, is_training=False)[0]
    return [
        tf.nn.max_pool2d(x, 2, 2, "VALID"),
        tf.nn.max_pool2d(x, 3, 2, "SAME"),
        tf.nn.avg_pool2d(x, [3, 2], [2, 3], "SAME"),
        tf.nn.avg_pool2d(x, 3, 1, "VALID"),
        fused(tf.raw_ops.FusedBatchNorm),
        fused(tf.raw_ops.FusedBatchNormV2),
        fused(tf.raw_ops.FusedBatchNormV3),
        n.lrn(x, depth_radius=1, bias=2.0, alpha=0.3, beta=0.75),
        tf.nn.avg_pool3d(tf.reshape(x, [-1, 3, 3, 8, 4]), 2, 2, "SAME"),
        tf.nn.conv3d(tf.reshape(x, [-1, 3, 3, 8, 4]), weights(2, 2, 3, 4, 2), [1, 1, 1, 2, 1], "SAME"),
    ]


@family((5, 4, 3))
def activation(x):
    y = tf.nn.conv2d(x, weights(1, 1, 3, 4), 1, "SAME") * 4.0
    r = tf.raw_ops
    unary = [
        r.Relu, r.Relu6, r.Elu, r.Selu, r.Softplus, r.Softsign,
    ]
    u = [op(features=y) for op in unary]
    m = tf.math
    u += [f(y) for f in (m.sigmoid, m.tanh, m.exp, m.erf, m.square, m.negative, m.abs, m.round, m.floor, m.ceil, m.sign, m.sin, m.cos, m.atan, m.sinh, m.cosh, m.expm1)]
    p = tf.abs(y) + 0.1
    u += [f(p) for f in (m.log, m.sqrt, m.rsqrt, m.log1p, m.reciprocal, m.tan)]
    u += [
        tf.nn.leaky_relu(y, 0.1),
        tf.nn.softmax(y),
        tf.nn.log_softmax(y),
        tf.clip_by_value(y, -1.5, 2.0),
        tf.raw_ops.ClipByValue(t=y, clip_value_min=-1.0, clip_value_max=0.5),
        tf.nn.relu(y) - weights(4) * tf.nn.relu(-y),
        tf.nn.gelu(y),
        tf.nn.gelu(p, approximate=True),
        tf.nn.silu(y),
        tf.stop_gradient(y),
    ]
    return u


@family((4, 6, 3))
def arithmetic(x):
    y = tf.nn.conv2d(x, weights(2, 2, 3, 4), 1, "SAME")
    z = tf.nn.conv2d(x, weights(1, 1, 3, 4), 1, "SAME")
    plain = weights(4, 6, 4)
    r = tf.raw_ops
    p = tf.abs(y) + 0.5
    cond = y > z
    return [
        r.Add(x=y, y=z), y + z, tf.add_n([y, z, p]), y - weights(4), weights(1, 6, 1) * y, y / p, r.Div(x=y, y=p),
        tf.maximum(y, z), tf.minimum(y, 0.3), tf.pow(p, 1.7), tf.math.squared_difference(y, z), y // p, tf.math.floormod(y, p),
        y + plain, tf.math.divide_no_nan(y, tf.round(z)), tf.reduce_mean(y, [1, 2]) + weights(4),
        y * tf.sigmoid(tf.reduce_mean(y, [1, 2], keepdims=True)), x * weights(3) + 1.0,
        tf.where(cond, y, z), tf.compat.v1.where(cond, y, z), tf.cast(y >= z, tf.float32), tf.cast(tf.logical_and(y > 0.0, z <= 0.0), tf.float32),
        tf.cast(tf.logical_or(tf.equal(y, z), tf.logical_not(y < 0.0)), tf.float32), tf.cast(tf.not_equal(y, 0.0), tf.float32),
        tf.where(tf.reduce_mean(y, [1, 2]) > 0.0, 1.0, weights(4)), tf.cast(tf.cast(y * 5.0, tf.int32), tf.float32),
        tf.cast(tf.cast(y * 9.0, tf.int32) // 2, tf.float32), tf.cast(tf.cast(y * 9.0, tf.int32) % 3, tf.float32),
        tf.zeros_like(y) + y, y[:, :, :, 0] + tf.reduce_max(z, -1), tf.transpose(y, [0, 3, 1, 2]) + weights(4, 1, 1),
        tf.reduce_sum(y, 3) * weights(4, 6),
    ]


@family((5, 6, 4))
def reduction(x):
    y = tf.nn.conv2d(x, weights(1, 1, 4, 3), 1, "SAME")
    return [
        tf.reduce_mean(y, [1, 2]), tf.reduce_mean(y, [1, 2], keepdims=True), tf.reduce_sum(y, 1), tf.reduce_sum(y, [2], keepdims=True),
        tf.reduce_max(y, -1), tf.reduce_max(y, [1, 2]), tf.reduce_min(y, [3], keepdims=True), tf.reduce_prod(y, [1, 3]), tf.reduce_mean(y, [1, 2, 3]),
        tf.cast(tf.reduce_all(y > -1.0, [1, 2]), tf.float32), tf.cast(tf.reduce_any(y > 1.0, 3), tf.float32),
        tf.cast(tf.argmax(y, -1), tf.float32), tf.cast(tf.argmin(y, 1), tf.float32), *tf.nn.top_k(tf.reduce_mean(y, 1), 2)[:1],
        tf.cast(tf.nn.top_k(y, 2)[1], tf.float32), tf.nn.softmax(tf.reduce_mean(y, [1, 2])), tf.sqrt(tf.reduce_mean(tf.square(y - tf.reduce_mean(y, [1, 2], keepdims=True)), [1, 2])),
        tf.norm(y, axis=-1), tf.math.reduce_euclidean_norm(y, 2),
    ]


@family((6, 4, 8))
def reshaping(x):
    y = tf.nn.conv2d(x, weights(1, 1, 8, 8), 1, "SAME")
    a, b = tf.split(y, 2, axis=3)
    p, q, s = tf.split(y, [2, 1, 3], axis=1)
    batch = tf.shape(y)[0]
    u = tf.unstack(y, axis=3)
    heads = tf.transpose(tf.reshape(y, [-1, 24, 2, 4]), [0, 2, 1, 3])
    shuffled = tf.reshape(tf.transpose(tf.reshape(y, [-1, 6, 4, 2, 4]), [0, 1, 2, 4, 3]), [-1, 6, 4, 8])
    g = tf.reduce_mean(y, [1, 2], keepdims=True)
    return [
        tf.reshape(y, [-1, 192]), tf.reshape(y, [batch, 24, 8]), tf.reshape(y, tf.stack([batch, -1, 8])), tf.reshape(y, [-1, 2, 3, 4, 8]),
        tf.squeeze(g, [1, 2]), tf.squeeze(g[:, :, 0, :], 1), tf.expand_dims(y, 1), tf.expand_dims(tf.reshape(y, [-1, 192]), -1), tf.reshape(g, [-1, 8]),
        tf.transpose(y, [0, 3, 1, 2]), tf.transpose(y, [0, 2, 1, 3]), tf.transpose(tf.transpose(y, [0, 3, 1, 2]), [0, 2, 3, 1]) + y, heads, shuffled,
        tf.nn.conv2d(shuffled, weights(1, 1, 8, 2), 1, "SAME"),
        tf.concat([a, b, y], 3), tf.concat([a, b], -2), tf.concat([p, s, q], 1), tf.stack([a, b], 1), tf.stack(u[:3], -1), u[5],
        tf.tile(y, [1, 2, 1, 3]), tf.broadcast_to(g, tf.shape(y)), tf.broadcast_to(g, [2, 6, 4, 8]),
        tf.concat([tf.tile(weights(1, 1, 192), [batch, 1, 1]), tf.reshape(y, [-1, 1, 192])], 1),
        tf.reshape(y, tf.concat([tf.shape(y)[:1], [tf.shape(y)[1] * tf.shape(y)[2]], tf.shape(y)[-1:]], 0)),
        tf.fill(tf.shape(g), 2.5) * g, tf.cast(tf.range(tf.shape(y)[1]), tf.float32) + tf.reduce_sum(y, [2, 3]),
        tf.reshape(y, [-1, tf.reduce_prod(tf.shape(y)[1:])]),
        tf.cast(tf.size(y[0]), tf.float32) * g, tf.cast(tf.rank(y), tf.float32) * g,
    ]


@family((7, 6, 5))
def slicing(x):
    y = tf.nn.conv2d(x, weights(1, 1, 5, 4), 1, "SAME")
    return [
        y[:, 1:5:2, -4:-1, :], y[:, ::-1, ::2], y[..., 1], y[:, 3], y[:, tf.newaxis, ..., 2:], y[:, 5:1:-2, tf.newaxis, 1, ...], y[..., tf.newaxis, 1:3], y[:, -1, -1],
        tf.slice(y, [0, 1, 2, 0], [-1, 3, -1, 2]), tf.gather(y, [3, 0, 3], axis=3), tf.gather(y, 2, axis=1), tf.gather(weights(9, 3), tf.cast(tf.argmax(y, -1), tf.int32)),
        tf.gather(y, [[0, 2], [1, 1]], axis=2), tf.reverse(y, [1, 3]), tf.pad(y, [[0, 0], [1, 2], [0, 3], [1, 0]]), tf.pad(y, [[0, 0], [1, 2], [0, 3], [1, 0]], constant_values=-1.5),
        tf.pad(y, [[0, 0], [1, 2], [3, 2], [0, 0]], "REFLECT"), tf.pad(y, [[0, 0], [1, 2], [3, 2], [2, 1]], "SYMMETRIC"), tf.pad(tf.reduce_sum(y, 3), [[0, 0], [1, 0], [0, 1]]),
        tf.one_hot(tf.argmax(y, -1), 4), tf.one_hot(tf.argmax(y, -1), 4, on_value=2.0, off_value=-1.0, axis=1),
    ]


@family((6, 4, 8))
def image(x):
    y = tf.nn.conv2d(x, weights(1, 1, 8, 8), 1, "SAME")
    r = tf.raw_ops
    linear, nearest = r.ResizeBilinear, r.ResizeNearestNeighbor
    out = []
    for op in (linear, nearest):
        for size in ([12, 8], [9, 11], [4, 3], [13, 2]):
            for flags in ({}, {"align_corners": True}, {"half_pixel_centers": True}):
                out.append(op(images=y, size=size, **flags))
    out += [
        tf.nn.depth_to_space(y, 2), tf.nn.space_to_depth(y, 2), linear(images=y, size=[6, 4]),
        tf.image.resize(x, [5, 9]), linear(images=y, size=tf.shape(y)[1:3] * 2, half_pixel_centers=True),
        nearest(images=y, size=tf.cast(tf.cast(tf.shape(y)[1:3], tf.float32) * 1.5, tf.int32)),
    ]
    return out


@family((4, 5, 6))
def linear(x):
    flat = tf.reshape(x, [-1, 120])
    h = tf.nn.relu(tf.nn.bias_add(tf.matmul(flat, weights(120, 10)), weights(10)))
    t = tf.reshape(x, [-1, 20, 6])
    q, k, v = (tf.reshape(tf.matmul(t, weights(6, 6)), [-1, 20, 2, 3]) for _ in range(3))
    q, k, v = (tf.transpose(a, [0, 2, 1, 3]) for a in (q, k, v))
    a = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / 1.7)
    return [
        h, tf.matmul(h, weights(7, 10), transpose_b=True), tf.matmul(t, t, transpose_a=True), tf.reshape(tf.transpose(tf.matmul(a, v), [0, 2, 1, 3]), [-1, 20, 6]),
        tf.einsum("abc,cde->abde", t, weights(6, 2, 3)), tf.einsum("abc,adc->abd", t, t), tf.tensordot(t, weights(6, 3), 1), tf.raw_ops.BatchMatMul(x=t, y=t, adj_y=True),
        tf.nn.softmax(tf.matmul(h, weights(10, 4)) + weights(4)),
    ]


@family((7, 6, 3), fuse=True)
def fused(x):
    """What grappler (and the converter's own pass) makes of convolutions and products; graph_model.fuse writes those nodes."""
    n = tf.nn
    y = n.relu(n.bias_add(n.conv2d(x, weights(3, 3, 3, 4), 1, "SAME"), weights(4)))
    a = n.relu6(n.bias_add(n.depthwise_conv2d(y, weights(3, 3, 4, 1), [1, 2, 2, 1], "SAME"), weights(4)))
    b = n.elu(n.bias_add(n.conv2d(y, weights(1, 1, 4, 3), 1, "VALID"), weights(3)))
    c = n.bias_add(n.conv2d(y, weights(2, 2, 4, 3), 1, "SAME"), weights(3))
    d = n.leaky_relu(n.bias_add(n.conv2d(y, weights(2, 2, 4, 3), 1, "SAME"), weights(3)), 0.15)
    f = tf.reshape(y, [-1, 168])
    e = n.relu(n.bias_add(tf.matmul(f, weights(168, 6)), weights(6)))
    g = tf.sigmoid(n.bias_add(tf.matmul(e, weights(6, 2)), weights(2)))
    h = n.bias_add(tf.matmul(e, weights(6, 2)), weights(2))
    return [a, b, c, d, g, n.softmax(h)]


@family((7, 6, 3), quantize=("uint8",))
def uint8(x):
    return quantised(x)


@family((7, 6, 3), quantize=("uint16",))
def uint16(x):
    return quantised(x)


@family((7, 6, 3), quantize=("float16",))
def float16(x):
    return quantised(x)


def quantised(x):
    y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, weights(3, 3, 3, 4), 1, "SAME"), weights(4)))
    return [tf.nn.softmax(tf.matmul(tf.reshape(y, [-1, 168]), weights(168, 5)))]


@family((6, 5, 3), batch=1)
def fixed_batch(x):
    """A batch of 1 in the file that can be freed."""
    y = tf.nn.conv2d(x, weights(3, 3, 3, 4), 1, "SAME")
    z = tf.reshape(y, [1, 30, 4])
    return [tf.concat([z, weights(1, 2, 4)], 1), tf.reshape(y, [1, -1]), y[0:1] * 2.0]


@family((None, None, 3), size=(9, 7))
def open_size(x):
    """Height and width are open."""
    y = tf.nn.relu(tf.nn.conv2d(x, weights(3, 3, 3, 4), 2, "SAME"))
    y = tf.nn.max_pool2d(y, 3, 2, "SAME")
    s = tf.shape(x)
    up = tf.raw_ops.ResizeBilinear(images=y, size=s[1:3], half_pixel_centers=True)
    return [y, up, tf.reduce_mean(y, [1, 2]), tf.reshape(y, tf.stack([s[0], -1, 4]))]


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for name, (shape, options, build) in FAMILIES.items():
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        global_seed = sum(map(ord, name))
        random = numpy.random.default_rng(global_seed)
        print(name, save(OUT, name, shape, build, **options))
