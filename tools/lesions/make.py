"""Draws the synthetic dermoscopy set, trains both networks and measures them: examples/melanoma, whole.

  OMP_NUM_THREADS=1 ~/.cache/seewhy/tensorflow/bin/python tools/lesions/make.py [--draw ONLY-INTO-FOLDER]

--draw: no training; both training sets and the validation set as folders with pictures, masks and manifest.csv.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from dataset import DEALS, deal, labels, pictures, training, validation, write

HERE = Path(__file__).parent
EXAMPLE = HERE.parent.parent / "examples" / "melanoma"


def counts(cases, marks):
    """How many pictures of each label bear each mark."""
    return {
        "pictures": len(cases),
        "malignant": sum(case.malignant for case in cases),
        **{
            mark: {
                label: sum(mark in one and case.malignant == wanted for case, one in zip(cases, marks))
                for label, wanted in (("malignant", True), ("benign", False))
            }
            for mark in ("ruler", "patch")
        },
    }


def main(draw):
    started = time.time()
    cases, shown = training(), validation()
    deals = {name: deal(cases, name, 10 + index) for index, name in enumerate(DEALS)}
    if draw:
        for name, marks in deals.items():
            write(draw / name, cases, marks, "training")
        return write(draw / "validation", shown, deal(shown, "even", 20), "validation")

    write(EXAMPLE, shown, deal(shown, "even", 20), "validation")
    drawn, _ = pictures(cases, list(deals.values()))
    with tempfile.TemporaryDirectory() as cache:
        for name, images in zip(deals, drawn):
            np.savez(Path(cache) / f"{name}.npz", images=images, labels=labels(cases))
        print(f"{len(cases)} training pictures drawn after {time.time() - started:.0f} s", flush=True)
        # One process and one core each.
        trainings = [
            subprocess.Popen([sys.executable, HERE / "train.py", cache, name, EXAMPLE / f"{name}.keras"])
            for name in deals
        ]
        if any([one.wait() for one in trainings]):
            sys.exit("make.py: a training failed")
    from measure import measure

    measure(EXAMPLE, shown, {name: counts(cases, marks) for name, marks in deals.items()})
    print(f"done after {time.time() - started:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--draw", type=Path)
    main(parser.parse_args().draw)
