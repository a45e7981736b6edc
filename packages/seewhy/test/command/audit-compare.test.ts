import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeRunFolder } from '../audit/compare/run-folder.ts';
import { auditRun, binary } from '../audit/panels/records.ts';
import { seewhy } from './seewhy.ts';

const folder = mkdtempSync(join(tmpdir(), 'seewhy-audit-compare-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Twenty right ones in A, of which B has four wrong. */
const records = (wrong: number) =>
  Array.from({ length: 20 }, (_, i) => binary(`p${i}`, (i % 2 === 0) === i >= wrong ? 0.8 : 0.2, i % 2 === 0 ? 1 : 0));

beforeAll(async () => {
  await writeRunFolder(at('a'), auditRun(), records(0));
  await writeRunFolder(at('b'), auditRun(), records(4));
}, 60_000);

const compare = (...args: string[]) => seewhy(['audit', 'compare', ...args], { cwd: folder });

describe('seewhy audit compare', () => {
  it('tells flips and differences, and writes the folder it is given', async () => {
    const { code, stdout } = await compare('a', 'b', '--out', 'one');
    expect(code).toBe(0);
    expect(stdout).toContain('20 pictures in both (joined by id), 20 labelled, 0 only in A, 0 only in B');
    expect(stdout).toContain('4 right in A and wrong in B, 0 wrong in A and right in B');
    expect(stdout).toMatch(/Accuracy +1\.000 +0\.800 +-0\.200 +-0\.\d{3} to 0\.\d{3} +0\.125/);
    for (const file of ['report.html', 'comparison.json', 'panels/flips.png'])
      expect(existsSync(at(`one/${file}`))).toBe(true);
  });
  it('--json is one document; a gate that holds is exit code 1, with the reason', async () => {
    const gates = ['--fail-on', 'flips_to_wrong > 3', '--fail-on', 'only_a > 0'];
    const { code, stdout, stderr } = await compare('a', 'b', '-o', 'two', '--json', ...gates);
    expect(code).toBe(1);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ schema: 'seewhy/audit-comparison-result/v1', exitCode: 1, folder: 'two' });
    expect(document.flips).toEqual({ toWrong: 4, toRight: 0, bothRight: 16, bothWrong: 0, other: 0 });
    expect(document.gates.map(({ failed }: { failed: boolean }) => failed)).toEqual([true, false]);
    expect(stderr).toContain('failed flips_to_wrong > 3: flips_to_wrong = 4');
    expect(stderr).toContain('passed only_a > 0: only_a = 0');
  });
  it('the other way round: nothing became worse', async () => {
    const { code } = await compare(
      'b',
      'a',
      '-o',
      'three',
      '--fail-on',
      'accuracy_difference < -0.01 or flips_to_wrong > 5',
      '-q',
    );
    expect(code).toBe(0);
  });
  it.each([
    [['a'], /needs <run-b>/],
    [['a', 'nowhere'], /'nowhere' does not exist/],
    [['a', './a/'], /Both runs are the same folder/],
    [['a', 'b', '--join', 'name'], /--join.*id.*sha256/s],
    [['a', 'b', '--fail-on', 'acuracy_difference < 0'], /Did you mean 'accuracy_difference'/],
    [['a', 'b', '-m', 'saliency'], /no maps of 'saliency' in common.*gradcam/s],
    [['a', 'b', '--thresold', '0.3'], /Did you mean '--threshold'/],
  ] as const)('%j is exit code 2, and nothing is written', async (args, message) => {
    const { code, stderr } = await compare(...args, '-o', 'none');
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(at('none'))).toBe(false);
  });
  it('has help of its own, and is listed in that of audit', async () => {
    expect((await compare('--help')).stdout).toMatch(/<run-a> <run-b>[\s\S]*flips_to_wrong/);
    expect((await seewhy(['audit', '--help'])).stdout).toMatch(/compare .*two finished audits/);
  });
  it('records the command and numbers the next folder', async () => {
    await compare('a', 'b', '-o', 'four', '-q');
    await compare('a', 'b', '-o', 'four', '-q');
    expect(existsSync(at('four-2/report.html'))).toBe(true);
    const { command } = JSON.parse(readFileSync(at('four/comparison.json'), 'utf8'));
    expect(command).toEqual(['audit', 'compare', 'a', 'b', '-o', 'four', '-q']);
  });
});
