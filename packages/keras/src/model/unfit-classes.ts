/** What is wrong with a class, and what to do about it. */
interface Unfit {
  readonly why: string;
  readonly cure: string;
}

const LOOKED_UP: Unfit = {
  why: 'it turns texts or codes into numbers by a table or a hash',
  cure: 'Do that before the model: cut the model behind the layer, and give it the numbers.',
};
const SOUND: Unfit = {
  why: 'it makes a spectrogram of sound',
  cure: 'Cut the model behind the layer: what it gives is the picture that can be explained.',
};
const PROGRAM: Unfit = {
  why: 'it calls a program of another framework that the file does not hold',
  cure: 'Export what is inside as ONNX where it comes from, or rebuild it of Keras layers.',
};

/** Layers of Keras itself that are known, and cannot be part of a graph of numbers. */
const UNFIT: Readonly<Record<string, Unfit>> = {
  Hashing: LOOKED_UP,
  HashedCrossing: LOOKED_UP,
  StringLookup: LOOKED_UP,
  IntegerLookup: LOOKED_UP,
  TextVectorization: LOOKED_UP,
  FeatureSpace: LOOKED_UP,
  STFTSpectrogram: SOUND,
  MelSpectrogram: SOUND,
  TFSMLayer: {
    why: 'it calls a SavedModel that lies beside the file',
    cure: 'Convert that one: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx.',
  },
  FlaxLayer: PROGRAM,
  JaxLayer: PROGRAM,
  TorchModuleWrapper: PROGRAM,
};

export const unfitClass = (className: string): Unfit | undefined =>
  Object.hasOwn(UNFIT, className) ? UNFIT[className] : undefined;
