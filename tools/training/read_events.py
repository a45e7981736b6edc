"""What TensorBoard itself sees in a log folder, as JSON on stdout: through its own multiplexer and data provider, as its dashboards ask.

  python tools/training/read_events.py LOGDIR
"""

import base64
import io
import json
import sys
import types

# TensorBoard's own switch for reading without TensorFlow, which takes seconds to load.
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")

import numpy as np
from PIL import Image
from tensorboard import context
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer


def main(folder):
    multiplexer = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance={"images": 0, "scalars": 0, "text": 0})
    multiplexer.AddRunsFromDirectory(folder)
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, folder)
    request = context.RequestContext()
    found = {"images": [], "scalars": [], "text": []}
    blobs = provider.list_blob_sequences(request, experiment_id="", plugin_name="images")
    read = provider.read_blob_sequences(request, experiment_id="", plugin_name="images", downsample=10**6)
    for run, tags in blobs.items():
        for tag in tags:
            for datum in read[run][tag]:
                parts = [provider.read_blob(request, blob_key=value.blob_key) for value in datum.values]
                pixels = np.asarray(Image.open(io.BytesIO(parts[2])).convert("RGB"))
                found["images"].append(
                    {
                        "run": run,
                        "tag": tag,
                        "step": datum.step,
                        "wallTime": datum.wall_time,
                        "width": int(parts[0]),
                        "height": int(parts[1]),
                        "shape": list(pixels.shape),
                        "pixels": base64.b64encode(pixels.tobytes()).decode(),
                    }
                )
    scalars = provider.read_scalars(request, experiment_id="", plugin_name="scalars", downsample=10**6)
    for run, tags in scalars.items():
        for tag, data in tags.items():
            found["scalars"] += [{"run": run, "tag": tag, "step": d.step, "value": d.value} for d in data]
    texts = provider.read_tensors(request, experiment_id="", plugin_name="text", downsample=10**6)
    for run, tags in texts.items():
        for tag, data in tags.items():
            found["text"] += [
                {"run": run, "tag": tag, "step": d.step, "text": d.numpy.reshape(-1)[0].decode()} for d in data
            ]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
