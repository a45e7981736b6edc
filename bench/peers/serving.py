"""The loop of a Python side of a comparison: runs one thing on request and says how long it took.

Started by bench/peers.ts. Reads lines `MODEL TASK` from stdin, writes the milliseconds (or `error …`) to stdout. Everything is made
once for each model.
"""
import sys
import time


def serve(subject_of):
    """`subject_of(name)` has `task(kind)`, which makes what `kind` needs and returns the function that is timed."""
    subject = held = None
    for line in sys.stdin:
        name, kind = line.split()
        try:
            if held != name:
                subject, held = subject_of(name), name
            run = subject.task(kind)
            start = time.perf_counter()
            run()
            print((time.perf_counter() - start) * 1000, flush=True)
        except Exception as error:  # the other tasks can still be measured
            print("error", type(error).__name__, str(error).replace("\n", " ")[:200], flush=True)
