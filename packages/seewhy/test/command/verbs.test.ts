import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeNpy, encodeNpy } from '@seewhy/core';
import { Node, readGraph, Tensor, Value, writeGraph } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { pythonPeers } from '../../../../tools/test-support/require.ts';
import { files, folder, model, photo, portable, seewhy } from './seewhy.ts';

const cnn = model('tiny-cnn');
const cat = photo('chelsea.png');
const scratch = folder('verbs');

describe('inspect', () => {
  it.each(['tiny-cnn', 'tiny-vit', 'tiny-two-inputs'])('of %s reads well', async (name) => {
    const vector = join(scratch, 'vector.npy');
    writeFileSync(vector, encodeNpy({ dims: [1, 5], data: new Float32Array(5) }));
    const args = name === 'tiny-two-inputs' ? ['--input', `vector=${vector}`] : [];
    const { code, stdout, stderr } = await seewhy(['inspect', model(name), ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(portable(stdout, scratch)).toMatchSnapshot();
  });

  it('shortens long names of dimensions, and says once what keeps many methods from working', async () => {
    const graph = readGraph(readFileSync(cnn));
    const long = 'floor(floor(floor(height/2 - 1/2)/2)/2)*floor(floor(floor(width/2 - 1/2)/2)/2) + 1';
    const [output] = graph.outputs;
    const [last] = graph.nodes.filter((node) => node.outputs.includes(output!.name));
    const changed = graph.with({
      nodes: [
        ...graph.nodes.filter((node) => node !== last),
        Node.make(last!.op, last!.inputs, ['before'], { axis: -1 }),
        Node.make('Unsqueeze', ['before', 'front'], ['row']),
        Node.make('Unsqueeze', ['row', 'front'], ['plane']),
        Node.make('MaxRoiPool', ['plane', 'regions'], ['pooled'], { pooled_shape: [1, 5] }),
        Node.make('Reshape', ['pooled', 'dims'], [output!.name]),
      ],
      initializers: new Map([
        ...graph.initializers,
        ['front', Tensor.int64([0])],
        ['dims', Tensor.int64([1, 5])],
        ['regions', Tensor.floats([0, 0, 0, 4, 0], [1, 5])],
      ]),
      outputs: [new Value(output!.name, 'float32', [long, 5])],
    });
    const path = join(scratch, 'long.onnx');
    writeFileSync(path, writeGraph(changed));
    const { code, stdout } = await seewhy(['inspect', path]);
    expect(code).toBe(0);
    expect(stdout).toContain('[floor(floo…2)/2) + 1, 5]');
    expect(stdout.match(/The gradient of 'MaxRoiPool' cannot be written/g)).toHaveLength(1);
    expect(stdout).not.toContain('Did you mean');
    expect(stdout).toMatch(/✗ +gradcam\+\+ +as gradcam\n/);
  });

  it('lists every layer with --all, and in its JSON', async () => {
    const all = await seewhy(['inspect', cnn, '--all']);
    const { stdout } = await seewhy(['inspect', cnn, '--json']);
    const document = JSON.parse(stdout);
    for (const { name } of document.layers) expect(all.stdout).toContain(name);
    expect(document).toMatchObject({
      schema: 'seewhy/inspect/v1',
      image: { layout: 'NCHW', height: 32, width: 32, batch: 'free' },
      classes: { count: 5, activation: 'softmax' },
      defaultLayer: { name: 'features.5' },
    });
    expect(document.layers.filter((layer: { default: boolean }) => layer.default)).toHaveLength(1);
  });
});

describe('methods', () => {
  it('shows the table and a card', async () => {
    const table = await seewhy(['methods']);
    const card = await seewhy(['methods', 'grad_cam']);
    expect([table.code, card.code]).toEqual([0, 0]);
    for (const name of ['gradcam', 'layercam', 'hirescam', 'cam', 'saliency', 'gradient-x-input'])
      expect(table.stdout).toContain(name);
    expect(card.stdout).toContain('arXiv 1610.02391');
    expect(JSON.parse((await seewhy(['methods', '--json'])).stdout).methods.length).toBeGreaterThan(5);
    expect(JSON.parse((await seewhy(['methods', 'ig', '--json'])).stdout)).toMatchObject({
      schema: 'seewhy/method/v1',
      name: 'integrated-gradients',
    });
  });
});

it('counts the weights of a file that keeps them in Constant nodes', async () => {
  const graph = readGraph(readFileSync(cnn));
  const constants = [...graph.initializers].map(([name, value]) => Node.make('Constant', [], [name], { value }));
  const path = join(scratch, 'constants.onnx');
  writeFileSync(path, writeGraph(graph.with({ initializers: new Map(), nodes: [...constants, ...graph.nodes] })));
  const weights = async (file: string) => /[\d.]+ weights/.exec((await seewhy(['inspect', file])).stdout)?.[0];
  expect([await weights(path), await weights(cnn)]).toEqual(['1477 weights', '1477 weights']);
});

describe('compile', () => {
  it('writes the outputs of the contract, and does not overwrite', async () => {
    const to = join(scratch, 'deep/er/explained.onnx');
    const run = (...more: string[]) => seewhy(['compile', cnn, '-o', to, '-m', 'gradcam,saliency', '--map', ...more]);
    const dry = await run('--dry-run', '--json');
    expect({ code: dry.code, there: existsSync(to) }).toEqual({ code: 0, there: false });
    const { code, stdout } = await run('--json');
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document.outputs.map(({ name, type, shape }: Record<string, unknown>) => [name, type, shape])).toEqual([
      ['output', 'float32', expect.anything()],
      ['gradcam', 'float32', ['N', 16, 16]],
      ['gradcam.map', 'float32', ['N', 32, 32]],
      ['saliency', 'float32', ['N', 3, 32, 32]],
      ['saliency.map', 'float32', ['N', 32, 32]],
      ['seewhy.target', 'int64', ['N']],
    ]);
    const before = statSync(to).mtimeMs;
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('exists already') });
    expect(statSync(to).mtimeMs).toBe(before);
    expect((await run('--force')).code).toBe(0);
    expect(files(join(scratch, 'deep/er'))).toEqual(['explained.onnx']);
  });

  it('does not give two outputs one name: a model that was compiled is not compiled again', async () => {
    const [once, twice] = ['once.onnx', 'twice.onnx'].map((name) => join(scratch, name));
    expect((await seewhy(['compile', cnn, '-o', once!])).code).toBe(0);
    for (const [method, taken] of [
      ['gradcam', "'gradcam', 'seewhy.target'"],
      ['saliency', "'seewhy.target'"],
    ] as const) {
      const { code, stderr } = await seewhy(['compile', once!, '-o', twice!, '-m', method]);
      expect({ code, stderr, there: existsSync(twice!) }).toEqual({
        code: 3,
        stderr: expect.stringContaining(`The model itself has what would be added: ${taken}.`),
        there: false,
      });
    }
  });

  it('takes the class as an input, several layers, one class, a contrast', async () => {
    const compile = async (...args: string[]) => {
      const { code, stdout } = await seewhy([
        'compile',
        cnn,
        '-o',
        join(scratch, 'x.onnx'),
        '--force',
        '--json',
        '-q',
        ...args,
      ]);
      expect(code).toBe(0);
      return JSON.parse(stdout);
    };
    expect((await compile('-t', 'input')).inputs.at(-1)).toEqual({ name: 'target', type: 'int64', shape: ['N'] });
    const layers = await compile('-l', 'features.1,features.5', '-m', 'layercam');
    expect(layers.outputs.map(({ name }: { name: string }) => name)).toEqual([
      'output',
      'layercam/features.1',
      'layercam/features.5',
      'seewhy.target',
    ]);
    expect((await compile('-t', '3')).target).toBe('3');
    expect((await compile('-t', '3-1', '--score', 'probability')).target).toBe('3-1');
  });

  const python = pythonPeers('torch');
  it.skipIf(!python)(
    'is a valid model to onnx.checker, and Python ONNX Runtime gives the numbers of explain',
    async () => {
      const to = join(scratch, 'checked.onnx');
      const args = ['-m', 'gradcam,saliency', '-t', 'input', '--map'];
      expect((await seewhy(['compile', cnn, '-o', to, ...args])).code).toBe(0);
      const one = join(scratch, 'one.npy');
      const data = Float32Array.from({ length: 3072 }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011));
      writeFileSync(one, encodeNpy({ dims: [1, 3, 32, 32], data }));
      const script = `
import sys, numpy as np, onnx, onnxruntime as ort
onnx.checker.check_model(sys.argv[1], full_check=True)
assert not {n.domain for n in onnx.load(sys.argv[1]).graph.node} - {'', 'ai.onnx'}
s = ort.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])
x = np.load(sys.argv[2])
r = dict(zip([o.name for o in s.get_outputs()], s.run(None, {'image': x, 'target': np.array([2])})))
f = dict(zip([o.name for o in s.get_outputs()], s.run(None, {'image': np.repeat(x, 4, 0), 'target': np.array([0, 1, 2, 3])})))
assert f['gradcam'].shape == (4, 16, 16) and list(f['seewhy.target']) == [0, 1, 2, 3]
assert np.abs(f['gradcam'][2] - r['gradcam'][0]).max() < 1e-5
np.save(sys.argv[3] + '/gradcam.npy', r['gradcam'][0]); np.save(sys.argv[3] + '/saliency.npy', r['saliency'][0])
np.save(sys.argv[3] + '/map.npy', r['gradcam.map'][0])
`;
      const ran = spawnSync(python!, ['-c', script, to, one, scratch], { encoding: 'utf8' });
      expect({ status: ran.status, stderr: ran.stderr }).toMatchObject({ status: 0 });
      const out = join(scratch, 'compared');
      await seewhy(['explain', cnn, one, '-o', out, '-m', 'gradcam,saliency', '-t', '2', '--save', 'raw,map']);
      const apart = (a: string, b: string) => {
        const [x, y] = [a, b].map((path) => decodeNpy(readFileSync(path)).data as Float32Array);
        return Math.max(...x!.map((value, i) => Math.abs(value - y![i]!))) / Math.max(...y!.map(Math.abs));
      };
      expect(apart(join(scratch, 'gradcam.npy'), join(out, 'one.gradcam.2.raw.npy'))).toBeLessThan(1e-4);
      expect(apart(join(scratch, 'saliency.npy'), join(out, 'one.saliency.2.raw.npy'))).toBeLessThan(1e-4);
      expect(apart(join(scratch, 'map.npy'), join(out, 'one.gradcam.2.map.npy'))).toBeLessThan(1e-3);
    },
  );
});

describe('verify', () => {
  it.each(['tiny-cnn', 'tiny-vit', 'tiny-swin', 'tiny-nhwc', 'parity-cnn'])(
    'finds the gradients of %s correct',
    async (name) => {
      const { code, stdout } = await seewhy(['verify', model(name), cat, '--preprocess', 'unit']);
      expect(stdout).toContain('CORRECT');
      expect(code).toBe(0);
    },
  );

  it('names a class without label by its number alone', async () => {
    const { stdout } = await seewhy(['verify', cnn, '-t', '2', '--directions', '1', '--preprocess', 'unit']);
    expect(stdout.split('\n')[1]).toMatch(/^class 2, logit /);
  });

  it('gives its numbers as JSON, the same for the same seed', async () => {
    const run = async () =>
      JSON.parse((await seewhy(['verify', cnn, '--json', '--seed', '3', '--directions', '4', '-q'])).stdout);
    const [first, second] = [await run(), await run()];
    expect(first).toMatchObject({
      schema: 'seewhy/verify/v1',
      passed: true,
      completeness: { applies: true, passed: true },
    });
    expect(first.places.map(({ place }: { place: string }) => place)).toEqual(['image', 'layer']);
    expect(first.places[0].directions).toHaveLength(4);
    expect(second).toEqual(first);
  });

  it('says of a quantised model that finite differences cannot tell: exit 1', async () => {
    const { code, stdout } = await seewhy(['verify', model('tiny-qdq')]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('UNDECIDED') });
    expect(stdout).toContain('stairs');
  });
});

describe('bench', () => {
  it('gives each method as a ratio to one prediction', async () => {
    const { code, stdout } = await seewhy(['bench', cnn, '--runs', '3', '--json', '-q', '--threads', '1']);
    expect(code).toBe(0);
    const { rows } = JSON.parse(stdout);
    expect(rows[0]).toMatchObject({ name: 'plain prediction', ratio: 1 });
    for (const { ratio } of rows) expect(ratio).toBeGreaterThan(0);
    const text = await seewhy(['bench', model('tiny-vit'), '--runs', '2']);
    expect(text.stdout).toContain('CAM needs a head');
  });
});

describe('doctor', () => {
  it('tells what is there, and how to get what is not', async () => {
    const { code, stdout } = await seewhy(['doctor']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('Models can be explained here.') });
    const without = await seewhy(['doctor', '--json'], { env: { SEEWHY_RUNTIME: 'wasm' } });
    expect(
      JSON.parse(without.stdout).findings.find(({ name }: { name: string }) => name === 'onnxruntime-node'),
    ).toMatchObject({
      state: 'missing',
      cure: expect.stringContaining('npm install onnxruntime-node'),
    });
  });
});
