import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packages } from '../setup/build.mjs';

/**
 * The packages as their users get them: packs each one, lets publint and arethetypeswrong look at the tarball, installs all
 * tarballs into an empty project, imports every one of them there (JavaScript and types) and starts the command.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'seewhy-packed-'));
const problems: string[] = [];

function run(what: string, program: string, args: string[], cwd = root): string {
  const started = Date.now();
  const done = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', npm_config_loglevel: 'error', FORCE_COLOR: '0' },
  });
  const good = done.status === 0;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  if (!good) {
    problems.push(what);
    console.log(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`.trimEnd());
  }
  return done.stdout ?? '';
}

const bin = (name: string) => join(root, 'node_modules', '.bin', name);

try {
  const shipped = packages().filter(({ manifest }) => !manifest.private);
  const tarballs: string[] = [];
  for (const { name, folder, manifest } of shipped) {
    const listed = run(`pack ${name}`, 'npm', ['pack', '--json', '--pack-destination', work], folder);
    // npm 11 lists the packed packages by name, npm 10 in an array.
    const [packed] = Object.values(JSON.parse(listed) as Record<string, PackedFile>);
    if (!packed) throw new Error(`npm pack said nothing about ${name}`);
    const tarball = join(work, basename(packed.filename.replace(/^@([^/]+)\//, '$1-')));
    tarballs.push(tarball);
    const files = packed.files.map(({ path }) => path);
    for (const file of ['README.md', 'LICENSE', 'package.json', 'dist/index.js', 'dist/index.d.ts'])
      if (!files.includes(file)) fail(`${name} is packed without ${file}`);
    const strays = files.filter((file) => !/^(dist\/|schemas\/|README\.md$|LICENSE$|package\.json$)/.test(file));
    if (strays.length > 0) fail(`${name} is packed with ${strays.join(', ')}`);
    run(`publint ${name}`, bin('publint'), ['run', tarball, '--strict']);
    // A page is no module: it has no types.
    const pages = Object.keys((manifest.exports ?? {}) as object).filter((entry) => entry.endsWith('.html'));
    const without = pages.flatMap((entry) => ['--exclude-entrypoints', entry]);
    run(`types of ${name}`, bin('attw'), [tarball, '--profile', 'esm-only', '--no-emoji', ...without]);
  }

  const user = join(work, 'user');
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  run(
    'install the tarballs in an empty project',
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs],
    user,
  );
  // What can be imported of each, but for pages, schemas and what needs a package that is not installed.
  const names = shipped.flatMap(({ name, manifest }) =>
    Object.keys((manifest.exports ?? {}) as object)
      .filter((entry) => !/\.(html|json)$/.test(entry) && entry !== './tfjs')
      .map((entry) => name + entry.slice(1)),
  );
  const script = names.map((name, i) => `import * as p${i} from '${name}';`).join('\n');
  writeFileSync(
    join(user, 'use.mjs'),
    `${script}\nfor (const p of [${names.map((_, i) => `p${i}`)}]) if (Object.keys(p).length === 0) throw new Error('empty');\n`,
  );
  run('import every package and each of its parts', process.execPath, ['use.mjs'], user);
  writeFileSync(join(user, 'use.ts'), `${script}\nexport const all = [${names.map((_, i) => `p${i}`)}];\n`);
  const strict = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2023,dom',
  ];
  run('their types, strict and without skipLibCheck', bin('tsc'), [...strict, 'use.ts'], user);
  const { version } = JSON.parse(readFileSync(join(root, 'packages/seewhy/package.json'), 'utf8')) as {
    version: string;
  };
  const said = run('seewhy --version', join(user, 'node_modules', '.bin', 'seewhy'), ['--version'], user).trim();
  if (said !== version) fail(`seewhy --version says '${said}', package.json says '${version}'`);
  rmSync(join(user, 'node_modules', 'onnxruntime-node'), { recursive: true, force: true });
  rmSync(join(user, 'node_modules', 'sharp'), { recursive: true, force: true });
  run(
    'seewhy doctor without onnxruntime-node and sharp',
    join(user, 'node_modules', '.bin', 'seewhy'),
    ['doctor'],
    user,
  );
} finally {
  rmSync(work, { recursive: true, force: true });
}

function fail(problem: string) {
  console.log(`FAIL          ${problem}`);
  problems.push(problem);
}

interface PackedFile {
  filename: string;
  files: { path: string }[];
}

if (problems.length > 0) {
  console.error(`\n${problems.length} problems with the packed packages.`);
  process.exitCode = 1;
}
