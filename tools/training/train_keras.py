"""A short Keras training with ModelCheckpoint: what `seewhy watch` is tested beside.

  python tools/training/train_keras.py CHECKPOINTS EPOCHS [--reference]

Writes weights.<epoch>-<loss>.keras each epoch, and best.h5 again and again. --reference as in train_torch.py.
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
from bars import bars


def main(folder, epochs, reference):
    keras.utils.set_random_seed(0)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    images, classes = bars(64)
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(6, 3, name="first")(inputs)
    x = keras.layers.BatchNormalization(name="norm", momentum=0.5)(x)
    x = keras.layers.ReLU(name="active")(x)
    x = keras.layers.Conv2D(8, 3, activation="relu", name="second")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(inputs, keras.layers.Dense(2, name="scores")(x))
    model.compile(
        keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.save(f"{folder}.npy", images[:1])
    gradients = {}

    class Reference(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            picture = tf.convert_to_tensor(images[:1])
            with tf.GradientTape() as tape:
                tape.watch(picture)
                score = self.model(picture, training=False)[0, 0]
            gradients[epoch + 1] = tape.gradient(score, picture).numpy().reshape(-1).tolist()

    each = keras.callbacks.ModelCheckpoint(folder / "weights.{epoch:02d}-{loss:.2f}.keras")
    model.fit(images, classes, batch_size=16, epochs=epochs, verbose=0, callbacks=[each, Reference()])
    model.save(folder / "best.h5")
    if reference:
        Path(f"{folder}.json").write_text(json.dumps(gradients))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), "--reference" in sys.argv)
