import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { forbidden } from './arrows.rules.ts';

export interface BrokenArrow {
  rule: string;
  from: string;
  to: string;
}

/** Imports of `<root>/packages` that break a rule of arrows.rules.ts. */
export async function brokenArrows(folder: string): Promise<BrokenArrow[]> {
  const root = resolve(folder); // dependency-cruiser wants no slash at the end, and looks up tsconfig paths from where it runs
  process.chdir(root);
  const tsConfig = join(root, 'tsconfig.json');
  const { output } = await cruise(
    ['packages'],
    {
      baseDir: root,
      ruleSet: { forbidden: forbidden as never },
      validate: true,
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '(^|/)dist/|\\.generated\\.ts$' },
      combinedDependencies: true,
      tsPreCompilationDeps: true,
      tsConfig: { fileName: tsConfig },
      enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
    },
    {},
    { tsConfig: extractTSConfig(tsConfig) },
  );
  const { summary } = output as ICruiseResult;
  return summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to: cycle ? cycle.map((step) => step.name).join(' → ') : to,
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url));
  if (!existsSync(join(root, 'packages'))) throw new Error(`No packages folder in ${root}`);
  const broken = await brokenArrows(root);
  for (const { rule, from, to } of broken) {
    const comments = forbidden.filter(({ name }) => name === rule).map(({ comment }) => comment);
    console.error(`${from}\n  → ${to}\n  ${rule}: ${comments[0]}\n`);
  }
  console.error(
    broken.length === 0
      ? 'All arrows point down.'
      : `${broken.length} imports break a rule (tools/check/arrows.rules.ts).`,
  );
  process.exitCode = broken.length === 0 ? 0 : 1;
}
