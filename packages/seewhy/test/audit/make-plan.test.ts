import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { makePlan } from '../../src/audit/make-plan.ts';
import { findBeside } from '../../src/labels.ts';

vi.mock('../../src/labels.ts', async (load) => {
  const labels = await load<typeof import('../../src/labels.ts')>();
  return { ...labels, findBeside: vi.fn(labels.findBeside) };
});

const root = fileURLToPath(new URL('../../../../', import.meta.url));

it('looks once for what lies beside the model', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'seewhy-plan-'));
  cpSync(join(root, 'fixtures/models/tiny-cnn.onnx'), join(folder, 'model.onnx'));
  cpSync(join(root, 'fixtures/photos/chelsea.png'), join(folder, 'cat.png'));
  writeFileSync(join(folder, 'labels.txt'), 'cat\ndog\nowl\nfox\nhen\n');
  writeFileSync(join(folder, 'data.csv'), 'path,label\ncat.png,cat\n');
  const { plan } = await makePlan(join(folder, 'model.onnx'), join(folder, 'data.csv'), {});
  expect(plan.classes).toEqual(['cat', 'dog', 'owl', 'fox', 'hen']);
  expect(findBeside).toHaveBeenCalledTimes(1);
});
