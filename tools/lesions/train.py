"""Trains one network on one deal of the marks.

  python tools/lesions/train.py CACHE DEAL OUT.keras [--epochs 20]

CACHE: what make.py has drawn. Seeded, on deterministic kernels; another release or processor may still round otherwise.
"""

import argparse
import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
from network import network

BATCH = 32


class Batches(keras.utils.PyDataset):
    """Shuffled, mirrored and turned by quarters, a little brighter or darker."""

    def __init__(self, images, labels):
        super().__init__()
        self.images, self.labels = images, labels
        self.rng = np.random.default_rng(5)
        self.order = self.rng.permutation(len(labels))

    def __len__(self):
        return len(self.labels) // BATCH

    def __getitem__(self, index):
        chosen = self.order[index * BATCH : (index + 1) * BATCH]
        images = [np.rot90(self.images[i], self.rng.integers(4)) for i in chosen]
        images = [image[:, ::-1] if self.rng.random() < 0.5 else image for image in images]
        light = self.rng.uniform(0.88, 1.12, (BATCH, 1, 1, 1))
        return np.clip(np.stack(images) * light, 0, 255).astype(np.float32), self.labels[chosen, None]

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.labels))


def main(cache, deal, out, epochs):
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(7)
    tf.config.experimental.enable_op_determinism()
    data = np.load(cache / f"{deal}.npz")
    batches = Batches(data["images"], data["labels"])
    model = network(f"lesions_{deal}")
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, epochs * len(batches), alpha=0.01, warmup_target=3e-3, warmup_steps=2 * len(batches)
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-3),
        keras.losses.BinaryCrossentropy(label_smoothing=0.02),
        metrics=[keras.metrics.AUC(name="auc")],
    )
    model.fit(batches, epochs=epochs, verbose=2, shuffle=False)
    # Without the optimizer's state: a third of the size.
    keras.Model(model.inputs, model.outputs, name=model.name).save(out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("cache", type=Path)
    parser.add_argument("deal", choices=("shortcut", "even"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    main(**vars(parser.parse_args()))
