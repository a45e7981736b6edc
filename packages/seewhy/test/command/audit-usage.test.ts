import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { at, auditWhole, binary, data, manifest, predictions, rows, runOf, whole } from './audited.ts';
import { seewhy } from './seewhy.ts';

auditWhole();

describe('what is wrong with single rows', () => {
  it('is counted and told; the rest goes on', async () => {
    const broken = [
      ...rows.slice(0, 12),
      ...rows.slice(16, 26),
      { ...rows[12]!, path: 'pictures/nowhere.png' },
      { ...rows[13]!, label: 'malignent' },
      { ...rows[14]!, label: '' },
      rows[0]!,
    ];
    writeFileSync(at('pictures/text.png'), 'this is no picture');
    const set = manifest('broken.csv', [...broken, { ...rows[15]!, path: 'pictures/text.png' }]);
    const out = at('broken');
    const { code, stderr } = await seewhy(['audit', binary, set, '-o', out, '--no-cover']);
    expect(code).toBe(4);
    const run = runOf(out);
    expect(run.counts).toMatchObject({ predicted: 24, labelled: 22, failed: 3 });
    const codes = Object.fromEntries(run.problems.map((problem) => [problem.code, problem]));
    expect(codes.LABEL_UNKNOWN?.count).toBe(1);
    expect(codes.LABEL_UNKNOWN?.examples[0]?.what).toContain("Near: 'malignant'");
    expect(Object.keys(codes)).toEqual(expect.arrayContaining(['LABEL_UNKNOWN', 'PICTURE_NOT_A_PICTURE']));
    for (const name of Object.keys(codes)) expect(stderr).toContain(name);
  });

  it('does not mix up the classes when there is only one', async () => {
    const out = at('one class');
    const set = manifest(
      'one.csv',
      rows.filter(({ label }) => label === 'malignant'),
    );
    const args = ['--no-cover', '--fail-on', 'auc < 0.5', '-o', out];
    const { code, stderr } = await seewhy(['audit', binary, set, ...args]);
    expect(code).toBe(1);
    expect(stderr).toContain('auc is not defined');
    expect(predictions(out).every(({ label }) => label === 'malignant')).toBe(true);
  });
});

describe('--fail-on', () => {
  it.each([
    ['accuracy < 0', 0],
    ['accuracy <= 1', 1],
    ['sensitivity < 2 and specificity < 2', 1],
    ["mass_inside(gradcam) > 1 or auc('malignant') > 1", 0],
    ['failed > 0', 0],
    ['findings(high) >= 0 and border(gradcam) >= 0', 1],
    ['errors = 0 and rows != 48', 0],
  ])('%s: exit %i', async (condition, expected) => {
    const { code, stderr } = await seewhy([
      'audit',
      binary,
      data,
      '-o',
      whole,
      '--resume',
      '--fail-on',
      condition,
      '--quiet',
    ]);
    expect(stderr.includes('failed')).toBe(expected === 1);
    expect(code).toBe(expected);
  });

  it.each([
    ['aucc < 0.5', "'auc'"],
    ['mass_inside(gradcan) < 0.5', 'mass_inside(gradcam)'],
    ['f1(malignent) < 0.5', 'f1'],
    ['auc <', 'the end'],
  ])('%s is refused before anything runs', async (condition, near) => {
    const { code, stderr } = await seewhy([
      'audit',
      binary,
      data,
      '-o',
      at('never'),
      '--fail-on',
      condition,
      '--quiet',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(near);
    expect(existsSync(at('never'))).toBe(false);
  });
});

describe('wrong usage', () => {
  it.each([
    ['--positive', ['--positive', 'malignent'], "'malignant'"],
    ['--target', ['--target', 'bening'], "'benign'"],
    ['-t, as other commands have it', ['-t', 'bening'], "'benign'"],
    ['--split', ['--split', 'test'], 'no splits'],
    ['--explain', ['--explain', 'eror'], "'errors'"],
    ['--column', ['--column', 'lable=x'], "'label'"],
    ['--max-size', ['--max-size', 'much'], '60MB'],
    ['--resume and --force', ['--resume', '--force'], 'exclude'],
  ])('of %s is told', async (_, args, said) => {
    const { code, stderr } = await seewhy(['audit', binary, data, '-o', at('never'), ...args, '--quiet']);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(existsSync(at('never'))).toBe(false);
  });

  it('of --patient is told', async () => {
    const { code, stderr } = await seewhy(['audit', binary, data, '-o', at('patient'), '--patient', 'P99', '--quiet']);
    expect(code).toBe(2);
    expect(stderr).toContain('P9');
  });
});
