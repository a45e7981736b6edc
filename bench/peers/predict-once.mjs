// The floor of a command in Node: one plain prediction with ONNX Runtime and sharp, in as few lines as possible.
//
//   node predict-once.mjs MODEL.onnx PHOTO
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
// As ortRuntime has it.
process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = require('onnxruntime-node');
const sharp = require('sharp');
const [model, photo] = process.argv.slice(2);
const pixels = await sharp(photo).resize(224, 224, { fit: 'cover' }).removeAlpha().raw().toBuffer();
const data = new Float32Array(3 * 224 * 224);
for (let at = 0; at < 224 * 224; at++)
  for (let channel = 0; channel < 3; channel++) data[channel * 224 * 224 + at] = (pixels[3 * at + channel] - 127) / 128;
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 2 });
const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, [1, 3, 224, 224]) });
const scores = results[session.outputNames[0]].data;
console.log(scores.indexOf(Math.max(...scores)));
