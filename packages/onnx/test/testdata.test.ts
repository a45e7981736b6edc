import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { check, isSeewhyError, prepare, readGraph, Tensor } from '../src/index.ts';
import { TensorProtoSchema } from '../src/proto/onnx-ml_pb.ts';
import { difference, type Feeds, runBytes, runGraph } from './ort.ts';

// The ONNX project's own conformance models, as Debian packages them.
const root = '/usr/share/libonnx-testdata/data';
const there = existsSync(root);
if (!there && process.env.CI === 'true')
  throw new Error('libonnx-testdata is missing: apt-get install libonnx-testdata');
if (!there) console.warn('skipped: conformance models (apt-get install libonnx-testdata)');

interface Tally {
  same: number;
  upgraded: number;
  refused: string[];
  wrong: string[];
  notRun: number;
}

async function sweep(group: string): Promise<Tally> {
  const tally: Tally = { same: 0, upgraded: 0, refused: [], wrong: [], notRun: 0 };
  for (const name of readdirSync(`${root}/${group}`)) {
    const folder = `${root}/${group}/${name}`;
    if (!existsSync(`${folder}/model.onnx`)) continue;
    const bytes = new Uint8Array(readFileSync(`${folder}/model.onnx`));
    const graph = readGraph(bytes);
    let feeds: Feeds;
    let reference: Feeds;
    try {
      feeds = Object.fromEntries(graph.feeds.map((value, index) => [value.name, input(folder, index)]));
      reference = await runBytes(bytes, feeds, false);
    } catch {
      // Sequences, types and operators the runtime has not got.
      tally.notRun++;
      continue;
    }
    try {
      const prepared = prepare(graph);
      const problems = [...check(graph), ...check(prepared)];
      const wrong = problems[0]?.what ?? difference(reference, await runGraph(prepared, feeds, false));
      if (wrong) tally.wrong.push(`${name}: ${wrong}`);
      else tally.same++;
      if (graph.opset > 0 && graph.opset < 13) {
        tally.upgraded++;
        expect(prepared.opset, name).toBe(13);
      }
    } catch (error) {
      if (!isSeewhyError(error)) tally.wrong.push(`${name}: ${error}`);
      else tally.refused.push(`${name}: ${error.code}`);
    }
  }
  return tally;
}

function input(folder: string, index: number): Tensor {
  const bytes = new Uint8Array(readFileSync(`${folder}/test_data_set_0/input_${index}.pb`));
  return Tensor.fromProto(fromBinary(TensorProtoSchema, bytes));
}

test.skipIf(!there)('operator models give the same outputs when prepared, to the last bit', async () => {
  const tally = await sweep('node');
  expect(tally.wrong).toEqual([]);
  // Opset 1 to 6, and Scan with the batch axis that opset 9 removed.
  expect(tally.refused.filter((text) => !text.endsWith('OPSET_TOO_OLD'))).toEqual([
    'test_scan_sum: UPGRADE_UNSUPPORTED',
  ]);
  expect(tally.same).toBeGreaterThan(800);
  expect(tally.upgraded).toBeGreaterThan(150);
});

test.skipIf(!there)('converted models give the same outputs when prepared, or say that they are too old', async () => {
  for (const group of ['pytorch-operator', 'pytorch-converted', 'simple']) {
    const tally = await sweep(group);
    expect(tally.wrong).toEqual([]);
    expect(tally.refused.filter((text) => !text.endsWith('OPSET_TOO_OLD'))).toEqual([]);
  }
});
