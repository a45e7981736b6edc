"""Pictures of more than 8 bits, grey and colour, and their samples as Pillow and tifffile read them.

Writes fixtures/dataset/deep/*.{png,tif} and expected.json: per file the samples row by row (whole numbers as such, floats as float32),
their channels and type.
"""
import json
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

OUT = Path(__file__).resolve().parents[2] / "fixtures" / "dataset" / "deep"
OUT.mkdir(parents=True, exist_ok=True)
H, W = 6, 9
rng = np.random.default_rng(11)
expected = {}


def keep(name, array):
    kind = str(array.dtype)
    expected[name] = {
        "size": [array.shape[1], array.shape[0]],
        "channels": 1 if array.ndim == 2 else array.shape[2],
        "type": kind,
        "samples": [float(v) if array.dtype.kind == "f" else int(v) for v in array.ravel()],
    }


def grey16(name, low, high):
    array = rng.integers(low, high + 1, (H, W)).astype(np.uint16)
    array[0, 0], array[-1, -1] = low, high
    Image.fromarray(array).save(OUT / name)
    keep(name, np.asarray(Image.open(OUT / name)).astype(np.uint16))


grey16("grey16-full.png", 0, 65535)
grey16("grey12-in-16.png", 30, 4095)
grey16("grey14-in-16.png", 200, 16000)
grey16("grey8-in-16.png", 3, 250)
grey16("grey16.tif", 900, 60000)
grey16("grey12-in-16.tif", 100, 4000)


def tif(name, array, **options):
    tifffile.imwrite(OUT / name, array, **options)
    keep(name, tifffile.imread(OUT / name))


tif("rgb16.tif", rng.integers(0, 65536, (H, W, 3)).astype(np.uint16), photometric="rgb")
tif("rgb12-in-16.tif", rng.integers(0, 4096, (H, W, 3)).astype(np.uint16), photometric="rgb")
tif("float01.tif", rng.random((H, W)).astype(np.float32), photometric="minisblack")
tif("float.tif", (rng.random((H, W)) * 900 - 200).astype(np.float32), photometric="minisblack")
tif("int16.tif", rng.integers(-1024, 3000, (H, W)).astype(np.int16), photometric="minisblack")
tif("uint32.tif", rng.integers(0, 2**20, (H, W)).astype(np.uint32), photometric="minisblack")
tif("grey8.tif", rng.integers(0, 256, (H, W)).astype(np.uint8), photometric="minisblack")
tif("bigtiff.tif", rng.integers(0, 65536, (H, W)).astype(np.uint16), photometric="minisblack", bigtiff=True)
tif("big-endian.tif", rng.integers(0, 4096, (H, W)).astype(">u2"), photometric="minisblack", byteorder=">")

# A picture whose light end is zero.
white = rng.integers(0, 4096, (H, W)).astype(np.uint16)
tifffile.imwrite(OUT / "miniswhite16.tif", white, photometric="miniswhite")
keep("miniswhite16.tif", 65535 - white)

# PNG of 16 bits with colour, with alpha.
import struct
import zlib


def png(name, array, colour):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array.reshape(H, -1))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", W, H, 16, colour, 0, 0, 0))
    (OUT / name).write_bytes(data + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))
    keep(name, array)


png("rgb16.png", rng.integers(0, 65536, (H, W, 3)).astype(np.uint16), 2)
png("rgb12-in-16.png", rng.integers(0, 4096, (H, W, 3)).astype(np.uint16), 2)
alpha = rng.integers(0, 4096, (H, W, 4)).astype(np.uint16)
alpha[..., 3] = np.where(np.arange(W) < 4, 0, 65535)
png("rgba12-in-16.png", alpha, 6)
la = rng.integers(0, 65536, (H, W, 2)).astype(np.uint16)
png("grey-alpha16.png", la, 4)

(OUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
print(len(expected), sum(p.stat().st_size for p in OUT.iterdir()), "bytes")
