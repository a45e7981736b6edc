// The loop that people write: every picture of a folder decoded, run, its best class printed. Same model, same two threads.
//
//   node predict-folder.mjs MODEL.onnx FOLDER
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
// As ortRuntime has it.
process.env.ORT_DISABLE_TELEMETRY = '1';
const ort = require('onnxruntime-node');
const sharp = require('sharp');
const [model, folder] = process.argv.slice(2);
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 2 });
for (const file of readdirSync(folder)) {
  const pixels = await sharp(join(folder, file)).resize(224, 224, { fit: 'cover' }).removeAlpha().raw().toBuffer();
  const data = new Float32Array(3 * 224 * 224);
  for (let at = 0; at < 224 * 224; at++)
    for (let channel = 0; channel < 3; channel++)
      data[channel * 224 * 224 + at] = (pixels[3 * at + channel] - 127) / 128;
  const results = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, [1, 3, 224, 224]) });
  const scores = results[session.outputNames[0]].data;
  console.log(file, scores.indexOf(Math.max(...scores)));
}
