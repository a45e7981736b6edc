"""Bytes that grad-cam and torch (with everything they need) take on disk in this environment."""
import importlib.metadata
import os
import re

ROOTS = ["torch", "torchvision", "grad-cam", "pillow"]


def closure():
    seen, open_ = {}, list(ROOTS)
    while open_:
        name = re.sub(r"[-_.]+", "-", open_.pop()).lower()
        if name in seen:
            continue
        try:
            seen[name] = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform, or installed under another name (opencv-python-headless)
        for requirement in seen[name].requires or []:
            if "extra ==" not in requirement:
                open_.append(re.match(r"[A-Za-z0-9._-]+", requirement).group())
        if name == "grad-cam":
            open_.append("opencv-python-headless")
    return seen


total = 0
for distribution in closure().values():
    for file in distribution.files or []:
        path = distribution.locate_file(file)
        if os.path.isfile(path):
            total += os.path.getsize(path)
print(total)
