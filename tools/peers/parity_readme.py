#!/usr/bin/env python3
"""Writes the table of fixtures/parity/README.md from methods.json; called by parity.py."""
import json
import pathlib


def write(parity):
    readme = parity / "README.md"
    if not readme.exists():
        return
    groups = {}
    for row in json.loads((parity / "methods.json").read_text()):
        group = groups.setdefault((row["peer"], row["version"], row["method"]), {"models": set(), "raw": 0, "finished": 0, "given": set(), "variants": set(), "error": None})
        group["models"].add(row["model"])
        group["raw"] += row["raw"] is not None
        group["finished"] += row["finished"] is not None
        group["given"] |= set(row["given"])
        group["variants"] |= {row["variant"]} - {None}
        if row["peerError"] is not None:
            group["error"] = max(group["error"] or 0, row["peerError"])
    lines = ["| peer | method | networks | variants | raw | finished | given | peerError ≤ |", "|---|---|---|---|---|---|---|---|"]
    for (peer, version, method), group in sorted(groups.items()):
        error = "–" if group["error"] is None else f"{group['error']:.0e}"
        cells = [", ".join(sorted(group[name])) for name in ("models", "variants")]
        lines.append(f"| {peer} {version} | {method} | {cells[0]} | {cells[1]} | {group['raw']} | {group['finished']} | {', '.join(sorted(group['given']))} | {error} |")
    before, rest = readme.read_text().split("<!-- table -->\n")
    readme.write_text(before + "<!-- table -->\n" + "\n".join(lines) + "\n" + rest[rest.index("<!-- /table -->"):])


if __name__ == "__main__":
    write(pathlib.Path(__file__).resolve().parents[2] / "fixtures/parity")
