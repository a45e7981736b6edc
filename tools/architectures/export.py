#!/usr/bin/env python3
"""Exports networks to ONNX together with float64 input gradients, for checking seewhy's gradients on whole models.

    python export.py NAME… [--out DIR] [--exporter script|dynamo] [--force]
    python export.py --all | --ci | --further | --list

Each name is a row of table.py. Every network is made in its own process (memory is given back), with seeded random
weights; README.md describes the files. What is already there is not made again, unless --force is given.
Run it with the Python of the torch environment (tools/peers/install.sh); Keras rows start the tensorflow one by themselves.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
import warnings

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("SEEWHY_PEERS", pathlib.Path.home() / ".cache/seewhy"))
DEFAULT_OUT = pathlib.Path(os.environ.get("SEEWHY_ARCHITECTURES", CACHE / "architectures"))

sys.path.insert(0, str(HERE))
from table import BY_NAME, TABLE  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true", help="every row of the promised list")
    parser.add_argument("--ci", action="store_true", help="the rows that .ci/run repeats")
    parser.add_argument("--further", action="store_true", help="other families, beyond the promised list")
    parser.add_argument("--list", action="store_true", help="print the table and stop")
    parser.add_argument("--out", type=pathlib.Path, default=DEFAULT_OUT)
    parser.add_argument("--exporter", choices=["script", "dynamo"], help="only this one of torch's two exporters")
    parser.add_argument("--force", action="store_true", help="make the files again")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # in this process: what the parent calls
    options = parser.parse_args()
    if options.list:
        for a in TABLE:
            print(f"{a.name:32} {a.family:36} {a.size:4}  {','.join(a.exporters):14} {'ci' if a.ci else 'further' if a.further else ''}".rstrip())
        return 0
    names = [a.name for a in TABLE if (options.all and not a.further) or (options.further and a.further) or (options.ci and a.ci) or a.name in options.names]
    unknown = [n for n in options.names if n not in BY_NAME]
    if unknown or not names:
        parser.error(f"no architecture named {', '.join(unknown)}: see --list" if unknown else "which ones? NAME…, --ci, --all, --further or --list")
    options.out.mkdir(parents=True, exist_ok=True)
    if options.here:
        return export_here(BY_NAME[names[0]], options)
    failed = [name for name in names if not export_in_child(BY_NAME[name], options)]
    if failed:
        print(f"failed: {' '.join(failed)}")
    return 1 if failed else 0


def wanted(architecture, options):
    exporters = [e for e in architecture.exporters if options.exporter in (None, e) or e not in ("script", "dynamo")]
    return [e for e in exporters if options.force or not made(architecture, options.out / f"{architecture.name}.{e}.json")]


def made(architecture, record):
    return record.exists() and json.loads(record.read_text())["recipe"] == architecture.recipe


def export_in_child(architecture, options):
    """True when all files of this architecture are there afterwards."""
    if not wanted(architecture, options):
        return True
    python = CACHE / "tensorflow/bin/python" if architecture.source == "keras" else sys.executable
    command = [python, HERE / "export.py", architecture.name, "--here", "--out", options.out]
    command += ["--exporter", options.exporter] if options.exporter else []
    command += ["--force"] if options.force else []
    log = options.out / f"{architecture.name}.log"
    with open(log, "w") as stream:
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=stream, text=True)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        last = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-1:]
        print(f"{architecture.name}: FAILED ({' '.join(last)[:300]}), see {log.name} beside the files", flush=True)
    return done.returncode == 0


def export_here(architecture, options):
    warnings.filterwarnings("ignore")
    exporters = wanted(architecture, options)
    if architecture.source == "keras":
        from keras_networks import export
    elif architecture.source in ("quantised", "half"):
        from converted import export
    else:
        from torch_export import export
    report = os.fdopen(os.dup(1), "w")  # what the exporters print, from C++ too, goes to the log
    os.dup2(2, 1)
    started, failed = time.time(), 0
    for exporter, record in export(architecture, exporters, options.out):
        if isinstance(record, Exception):
            import traceback

            traceback.print_exception(record)
            print(f"{architecture.name}.{exporter}: FAILED ({type(record).__name__}: {str(record).strip().splitlines()[0][:200]})", file=report, flush=True)
            failed += 1
            continue
        record["seconds"] = round(time.time() - started, 1)
        path = options.out / f"{architecture.name}.{exporter}.json"
        path.write_text(json.dumps(record, indent=2) + "\n")  # last: its presence says that the rest is complete
        print(
            f"{architecture.name}.{exporter}: opset {record['opset']}, batch {record['batch']}, torch float32 error {record['error']['max']:.1e}, "
            f"ONNX Runtime's output {record['runtimeError']:.1e} off, {record['seconds']} s",
            file=report,
            flush=True,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
