"""A short PyTorch training that exports the model with torch.onnx.export after each epoch: what `seewhy watch` is tested beside.

  python tools/training/train_torch.py CHECKPOINTS EPOCHS SECONDS_BETWEEN [--reference]

--reference writes beside the folder (CHECKPOINTS.json) the input gradient of class 0 of each epoch, for the picture in CHECKPOINTS.npy.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from bars import bars


def main(folder, epochs, between, reference):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, classes = bars(64)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    y = torch.from_numpy(classes)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3),
        torch.nn.BatchNorm2d(6),
        torch.nn.ReLU(),
        torch.nn.Conv2d(6, 8, 3),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 2),
    )
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(f"{folder}.npy", x[:1].numpy())
    gradients = {}
    for epoch in range(1, epochs + 1):
        model.train()
        for start in range(0, len(x), 16):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[start : start + 16]), y[start : start + 16]).backward()
            optimizer.step()
        model.eval()
        picture = x[:1].clone().requires_grad_()
        model(picture)[0, 0].backward()
        gradients[epoch] = picture.grad.reshape(-1).tolist()
        torch.onnx.export(
            model, (x[:1],), folder / f"epoch-{epoch:02d}.onnx", input_names=["image"], output_names=["scores"], dynamo=False
        )
        print(f"epoch {epoch}", flush=True)
        time.sleep(between)
    if reference:
        Path(f"{folder}.json").write_text(json.dumps(gradients))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), "--reference" in sys.argv)
