"""BMP files of every kind that is read, and the pixels that Pillow reads from them.

    ~/.cache/seewhy/torch/bin/python tools/pictures/bmp.py

writes fixtures/pictures/bmp: *.bmp and expected.json (RGB, transparency laid on white; base64). Headers that Pillow does not write are put together here.
"""

import base64
import json
import struct
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "fixtures" / "pictures" / "bmp"
OUT.mkdir(parents=True, exist_ok=True)
# An odd width: rows are filled up to four bytes.
picture = Image.open(ROOT / "fixtures" / "photos" / "chelsea.png").convert("RGB").resize((37, 23), Image.Resampling.BICUBIC)
pixels = np.asarray(picture)
height, width = pixels.shape[:2]


def rows(lines):
    """Rows from the bottom up, each filled up to four bytes."""
    return b"".join(line + b"\0" * (-len(line) % 4) for line in lines[::-1])


def info(bits, data, *, size=40, tall=height, compression=0, colours=0, between=b"", more=b""):
    """A file with Windows' header; `more` makes it longer than 40 bytes."""
    start = 14 + size + len(between)
    file = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    return file + struct.pack("<IiiHHIIiiII", size, width, tall, 1, bits, compression, len(data), 2835, 2835, colours, 0) + more + between + data


def indexed(bits, count):
    reduced = picture.quantize(count)
    colours = np.array((reduced.getpalette() + [0] * 768)[: 3 * count], np.uint8).reshape(-1, 3)[:, ::-1]
    packed = []
    for line in np.asarray(reduced):
        digits = "".join(format(int(index), f"0{bits}b") for index in line)
        digits += "0" * (-len(digits) % 8)
        packed.append(bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits), 8)))
    return colours, rows(packed)


bgr = rows([line[:, ::-1].tobytes() for line in pixels])
colours, nibbles = indexed(4, 13)
palette4 = b"".join(bytes(colour) + b"\0" for colour in colours)
_, bytes8 = indexed(8, 200)
palette8 = b"".join(bytes(colour) + b"\0" for colour in indexed(8, 200)[0])
core_colours, core_bits = indexed(1, 2)
core = struct.pack("<2sIHHI", b"BM", 26 + 6 + len(core_bits), 0, 0, 32) + struct.pack("<IHHHH", 12, width, height, 1, 1)
red, green, blue = (pixels[:, :, c].astype(np.uint16) for c in range(3))
alpha = np.tile((np.arange(width) * 7) % 256, (height, 1)).astype(np.uint8)
masks565 = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
v4 = struct.pack("<IIII", 0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000) + b"BGRs" + b"\0" * 48

files = {
    "top-down": info(24, rows([line[:, ::-1].tobytes() for line in pixels[::-1]]), tall=-height),
    "four-bits": info(4, nibbles, colours=13, between=palette4),
    "gap": info(8, bytes8, colours=200, between=palette8 + b"\0" * 10),
    "os2": core + b"".join(bytes(colour) for colour in core_colours) + core_bits,
    "bits-555": info(16, rows([line.tobytes() for line in (red >> 3 << 10 | green >> 3 << 5 | blue >> 3).astype("<u2")])),
    "bits-565": info(16, rows([line.tobytes() for line in (red >> 3 << 11 | green >> 2 << 5 | blue >> 3).astype("<u2")]), compression=3, between=masks565),
    "alpha": info(32, rows([line.tobytes() for line in np.dstack([pixels[:, :, ::-1], alpha])]), size=108, compression=3, more=v4),
    "empty-alpha": info(32, rows([line.tobytes() for line in np.dstack([pixels[:, :, ::-1], 0 * alpha])]), size=108, compression=3, more=v4),
}
for name, content in files.items():
    (OUT / f"{name}.bmp").write_bytes(content)
for name, made in {
    "rgb": picture,
    "grey": picture.convert("L"),
    "palette": picture.quantize(200),
    "one-bit": picture.convert("1"),
    "without-alpha": picture.convert("RGBA"),
}.items():
    made.save(OUT / f"{name}.bmp")
files = {path.stem: path for path in sorted(OUT.glob("*.bmp"))}
expected = {}
for name, path in files.items():
    found = Image.open(path)
    if name == "empty-alpha":
        found = picture  # Pillow takes it for a picture that is not to be seen at all.
    if found.mode == "RGBA":
        values = np.asarray(found).astype(np.float64)
        share = values[:, :, 3:] / 255
        found = np.floor(values[:, :, :3] * share + 255 * (1 - share) + 0.5).astype(np.uint8)
    else:
        found = np.asarray(found.convert("RGB"))
    expected[name] = base64.b64encode(np.ascontiguousarray(found).tobytes()).decode()
record = {"madeBy": "tools/pictures/bmp.py", "pillow": PIL.__version__, "width": width, "height": height, "pixels": expected}
(OUT / "expected.json").write_text(json.dumps(record, indent=1) + "\n")
print({name: path.stat().st_size for name, path in files.items()})
