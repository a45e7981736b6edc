import { copyFileSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as api from '../../src/index.ts';
import * as tfExplain from '../../src/tf-explain/index.ts';
import { seewhy } from '../command/seewhy.ts';
import { fixtures, model } from './references.ts';

describe('docs/from-tf-explain.md', () => {
  const page = readFileSync(join(fixtures, '../docs/from-tf-explain.md'), 'utf8');
  const blocks = (language: string) =>
    [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, code]) => code!);

  /** A folder with the files that the page speaks of. */
  function scene(): string {
    const folder = mkdtempSync(join(tmpdir(), 'seewhy-tfe-page-'));
    copyFileSync(model('classes'), join(folder, 'model.h5'));
    copyFileSync(join(fixtures, 'photos/chelsea.png'), join(folder, 'cat.png'));
    copyFileSync(join(fixtures, 'photos/coffee.png'), join(folder, 'dog.png'));
    return folder;
  }

  it('its code runs', async () => {
    const modules: Record<string, object> = { seewhy: api, 'seewhy/tf-explain': tfExplain };
    const Program = Object.getPrototypeOf(async () => undefined).constructor;
    const before = process.cwd();
    const folder = scene();
    const lines: unknown[][] = [];
    process.chdir(folder);
    try {
      const programs = blocks('[jt]s');
      expect(programs).toHaveLength(3);
      for (const code of programs) {
        const body = code.replace(/^import \{([^}]+)\} from '([^']+)';$/gm, (_, names, from) => {
          expect(Object.keys(modules)).toContain(from);
          return `const {${names}} = modules['${from}'];`;
        });
        await new Program('modules', 'console', body)(modules, { log: (...line: unknown[]) => lines.push(line) });
      }
    } finally {
      process.chdir(before);
    }
    const classes = Object.keys(tfExplain);
    const expected = ['gradcam.png', ...classes.map((name) => `${name}.png`)];
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(expected.sort());
    expect([lines[0], lines[2]]).toEqual([[[2, 6, 8]], [[2, 24, 32, 3]]]);
  });

  it('its commands run', async () => {
    const cwd = scene();
    const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));
    expect(commands).toHaveLength(7);
    for (const command of commands) {
      const [, ...args] = command.split(' ');
      const { code, stderr } = await seewhy(args, { cwd });
      expect(code, `${command}\n${stderr}`).toBe(0);
    }
  });

  it('names every explainer in its table, and only what there is', () => {
    const named = new Set([...page.matchAll(/`new (\w+)\(/g)].map(([, name]) => name!));
    expect([...named].sort()).toEqual(Object.keys(tfExplain).sort());
    const itself = [...page.matchAll(/^\| `\w+\(\)\.explain[^|]*\|[^|]*\|([^|]*)\|/gm)].map(([, cell]) => cell!);
    expect(itself).toHaveLength(7);
    for (const cell of itself) {
      const [name] = [...cell.matchAll(/`([^`]+)`/g)].map(([, one]) => one!);
      expect(api.findMethod(name!).name).toBe(name);
    }
  });
});
