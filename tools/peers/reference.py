"""What the scripts of the peers share: the subject that is explained, recorded draws, and the table fixtures/parity/methods.json."""
import contextlib
import importlib.metadata
import json

import numpy

PACKAGES = {"torch-cam": "torchcam", "pytorch-grad-cam": "grad-cam"}
"""Peers whose package has another name."""


def version(peer):
    return "paper" if peer == "paper" else importlib.metadata.version(PACKAGES.get(peer, peer))


class Draws:
    """Random numbers of a peer: recorded in the first run, given again in the later ones.

    `with draws.of(torch, "normal"):` wraps the function for a while; `draws["normal"]` are its results in order.
    """

    def __init__(self):
        self.drawn, self.again, self.cast = {}, False, lambda given: given

    def __getitem__(self, name):
        return self.drawn[name]

    def replay(self, cast):
        self.again, self.cast = True, cast

    @contextlib.contextmanager
    def of(self, owner, name):
        original, cursor = getattr(owner, name), iter(list(self.drawn.get(name, [])))
        if not self.again:
            self.drawn[name] = []

        def draw(*args, **options):
            if self.again:
                return self.cast(next(cursor))
            result = original(*args, **options)
            self.drawn[name].append(result.clone() if hasattr(result, "clone") else result)
            return result

        setattr(owner, name, draw)
        try:
            yield self
        finally:
            setattr(owner, name, original)


def relative(found, exact):
    """Largest difference, relative to the largest exact value."""
    found, exact = numpy.asarray(found, numpy.float64), numpy.asarray(exact, numpy.float64)
    return float(abs(found - exact).max() / abs(exact).max())


class Table:
    """Entries of methods.json for one model, and their files beside case.json."""

    def __init__(self, root, model):
        self.root, self.model, self.entries, self.given = root, model, [], {}
        self.folder = root / model
        self.folder.mkdir(parents=True, exist_ok=True)

    def save(self, file, array):
        """float32 unless the numbers are integers (labels, permutations, masks of 0 and 1)."""
        array = numpy.ascontiguousarray(array)
        if array.dtype.kind == "b":
            array = array.astype(numpy.uint8)
        elif array.dtype.kind in "iu" and array.dtype != numpy.int8:
            array = array.astype(numpy.uint8 if 0 <= array.min() and array.max() < 256 else numpy.int32)
        elif array.dtype != numpy.int8:
            array = array.astype(numpy.float32)
        numpy.save(self.folder / file, array)
        return f"{self.model}/{file}"

    def give(self, name, array, layout):
        """A file that several entries are fed; the same name is the same file."""
        file = self.save(f"given.{name}.npy", array)
        self.given[file] = layout
        return file

    def add(self, peer, method, raw, *, target=None, layer=None, variant=None, options=None, finished=None, given=None, layout="HW", finished_layout="HW", error=None, note=None, flat=False):
        """One method: `raw` before the peer's post-processing, `finished` what its call returns (or None)."""
        raw = squeezed(raw, layout)
        if not flat and (not numpy.isfinite(raw).all() or raw.max() == raw.min()):
            raise ValueError(f"{self.model}: {peer} {method} {variant} is empty")
        parts = [peer, method, layer and layer["id"], variant, None if target is None else f"t{target}"]
        stem = ".".join(str(part) for part in parts if part is not None)
        entry = {
            "model": self.model, "peer": peer, "version": version(peer), "method": method, "variant": variant, "options": options or {}, "target": target,
            "layer": layer and layer["id"], "value": layer and layer["value"],
            "raw": self.save(f"{stem}.raw.npy", raw), "finished": None, "given": given or {}, "layout": {"raw": layout}, "peerError": error,
        }  # fmt: skip
        if finished is not None:
            entry["finished"] = self.save(f"{stem}.finished.npy", squeezed(finished, finished_layout))
            entry["layout"]["finished"] = finished_layout
        entry["layout"] |= {name: self.given[file] for name, file in entry["given"].items()}
        if note:
            entry["note"] = note
        if any(other["raw"] == entry["raw"] for other in self.entries):
            raise ValueError(f"{stem} twice")
        self.entries.append(entry)

    def write(self):
        """Replaces this model's rows of methods.json, by peers among `self.entries` only."""
        file = self.root / "methods.json"
        old = json.loads(file.read_text()) if file.exists() else []
        mine = {(self.model, entry["peer"]) for entry in self.entries}
        rows = [row for row in old if (row["model"], row["peer"]) not in mine] + self.entries
        rows.sort(key=lambda row: (row["model"], row["peer"], row["method"], row["raw"] or row["finished"]))
        file.write_text("[\n" + ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
        print(f"{self.model}: {len(self.entries)} entries", flush=True)


def squeezed(array, layout):
    """Without leading axes of one, down to the axes of the layout."""
    array = numpy.asarray(array.detach().cpu() if hasattr(array, "detach") else array)
    while array.ndim > len(layout) and array.shape[0] == 1:
        array = array[0]
    if array.ndim != len(layout):
        raise ValueError(f"{array.shape} is not {layout}")
    return array


def from_case(root, model):
    """Rows of methods.json for the maps that case.json lists already."""
    record = json.loads((root / model / "case.json").read_text())
    values = {layer["id"]: layer["value"] for layer in record["layers"]}
    rows = {}
    for entry in record["entries"]:
        if entry["stage"] == "overlay":
            continue
        layers, options = entry["layers"], {k: v for k, v in entry["options"].items() if k not in ("variant", "rectified", "normalise", "resize")}
        name = "+".join(layers) or None
        key = (entry["peer"], entry["method"], name, entry["options"].get("variant"), json.dumps({k: v for k, v in options.items() if k == "use_guided_grads"}))
        row = rows.setdefault(key, {
            "model": model, "peer": entry["peer"], "version": entry["version"], "method": entry["method"], "variant": key[3], "options": options,
            "target": record["target"], "layer": name, "value": "+".join(values[i] for i in layers) or None, "raw": None, "finished": None, "given": {}, "layout": {}, "peerError": None,
        })  # fmt: skip
        row[entry["stage"]] = f"{model}/{entry['file']}"
        row["layout"][entry["stage"]] = "HW" if len(entry["shape"]) == 2 else "CHW"
        if entry["stage"] == "raw" and entry["options"].get("rectified"):
            row["options"]["rectified"] = True
    return list(rows.values())
