"""Masks and Parquet manifests as other programs write and read them.

Writes fixtures/dataset/regions.json (polygons by an even-odd test of each pixel's centre; run lengths by pycocotools) and
fixtures/dataset/parquet/*.parquet with expected.json (the rows as pyarrow gives them back).
"""
import base64
import datetime
import decimal
import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from pycocotools import mask as coco

OUT = Path(__file__).resolve().parents[2] / "fixtures" / "dataset"
(OUT / "parquet").mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(3)


def packed(mask):
    return base64.b64encode(np.packbits(mask.astype(np.uint8).ravel()).tobytes()).decode()


def even_odd(points, h, w):
    """Counts the crossings of a ray to the left of each pixel's centre with each side of the outline."""
    p = np.asarray(points, float).reshape(-1, 2)
    x, y = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
    inside = np.zeros((h, w), bool)
    for (x0, y0), (x1, y1) in zip(p, np.roll(p, -1, 0)):
        spans = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= spans & (x > (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


polygons = []
for i in range(12):
    h, w = (int(v) for v in rng.integers(5, 60, 2))
    count = int(rng.integers(3, 12))
    # Some lie partly outside, most cross themselves.
    points = np.round((rng.random((count, 2)) * 1.4 - 0.2) * [w, h], 3)
    polygons.append({"size": [h, w], "points": points.ravel().tolist(), "mask": packed(even_odd(points, h, w))})

runs = []
for i in range(10):
    h, w = (int(v) for v in rng.integers(1, 70, 2))
    yy, xx = np.mgrid[0:h, 0:w]
    mask = [
        lambda: rng.random((h, w)) < 0.5,
        lambda: (yy - h / 2) ** 2 + (xx - w / 2) ** 2 < (min(h, w) / 3) ** 2,
        lambda: np.zeros((h, w), bool),
        lambda: np.ones((h, w), bool),
        lambda: xx < w / 2,
    ][i % 5]()
    encoded = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert (coco.decode(encoded) == mask).all()
    flat = mask.ravel(order="F").astype(np.int8)
    edges = np.flatnonzero(np.diff(np.r_[0, flat, 1 - flat[-1]]))
    counts = np.diff(np.r_[0, edges]).tolist()
    again = coco.frPyObjects({"counts": counts, "size": [h, w]}, h, w)
    assert (coco.decode(again) == mask).all()
    runs.append({"size": [h, w], "counts": counts, "text": encoded["counts"].decode(), "mask": packed(mask)})
# Long runs take several groups of bits.
wide = np.zeros((900, 1100), np.uint8)
wide[300:310, 900:1000] = 1
encoded = coco.encode(np.asfortranarray(wide))
runs.append({"size": [900, 1100], "text": encoded["counts"].decode(), "mask_area": int(wide.sum()), "bbox": coco.toBbox(encoded).tolist()})
(OUT / "regions.json").write_text(json.dumps({"polygons": polygons, "runs": runs}, separators=(",", ":")) + "\n")

expected = {}


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return "bytes"
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def write(name, table, **options):
    pq.write_table(table, OUT / "parquet" / name, **options)
    expected[name] = [plain(row) for row in pq.read_table(OUT / "parquet" / name).to_pylist()]


count = 60
table = pa.table({
    "path": [f"pics/{i:03d}.png" for i in range(count)],
    "label": pa.array(["nv", "mel", None][i % 3] for i in range(count)),
    "patient": [f"P{i // 4}" for i in range(count)],
    "age": pa.array([None if i % 7 == 0 else i for i in range(count)], pa.int64()),
    "score": pa.array([i / 8 for i in range(count)], pa.float32()),
    "smoker": pa.array([i % 2 == 0 for i in range(count)]),
    "seen": pa.array([datetime.date(2020, 1, 1) + datetime.timedelta(i) for i in range(count)]),
    "cost": pa.array([decimal.Decimal(i) / 4 for i in range(count)], pa.decimal128(8, 2)),
    "site": pa.array(["arm", "leg"] * (count // 2)).dictionary_encode(),
})
for codec in ("none", "snappy", "gzip", "zstd", "brotli", "lz4"):
    write(f"{codec}.parquet", table, compression=codec, row_group_size=25)
write("version2.parquet", table, data_page_version="2.0", write_page_index=True)
write("labels.parquet", pa.table({
    "image": [f"{i}.png" for i in range(4)],
    "labels": pa.array([["a", "b"], [], ["c"], None], pa.list_(pa.string())),
    "objects": pa.array([{"bbox": [[1.0, 2.0, 3.0, 4.0]], "categories": [0]}, {"bbox": [], "categories": []}, None, {"bbox": [[0.0, 0.0, 2.0, 2.0], [4.0, 4.0, 1.0, 1.0]], "categories": [1, 0]}],
                        pa.struct([("bbox", pa.list_(pa.list_(pa.float32()))), ("categories", pa.list_(pa.int64()))])),
}))

# As Hugging Face's `datasets` writes pictures and class names.
pictures = []
for i in range(5):
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 5, 3), i * 40, np.uint8)).save(buffer, "PNG")
    pictures.append({"bytes": buffer.getvalue(), "path": f"img_{i}.png"})
features = {"image": {"_type": "Image"}, "label": {"names": ["benign", "malignant"], "_type": "ClassLabel"}}
hf = pa.table(
    {"image": pa.array(pictures, pa.struct([("bytes", pa.binary()), ("path", pa.string())])), "label": pa.array([0, 1, 1, 0, 1], pa.int64())},
).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
write("train-00000-of-00001.parquet", hf, row_group_size=2)
write("bytes.parquet", pa.table({"image": pa.array([p["bytes"] for p in pictures], pa.binary()), "label": ["x", "y", "x", "y", "x"]}))
write("empty.parquet", table.slice(0, 0))
(OUT / "parquet" / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
print(sum(p.stat().st_size for p in OUT.rglob("*") if p.is_file()), "bytes in all")
