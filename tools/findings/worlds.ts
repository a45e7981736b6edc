/**
 * How often the findings are right about shortcuts, on audits made up by seed (packages/report/test/findings/worlds.ts):
 *
 *     npx tsx tools/findings/worlds.ts [PICK [SEEDS [FROM]]]
 *
 * Prints for each family of worlds how many had a finding `shortcut`, and how many one of high severity. In null worlds there is nothing to find (or
 * a mark that the model does not care about); in the others a mark goes with class 1. PICK: only families whose name contains it. FROM: the first
 * seed, so that pieces can be run side by side and added up.
 */
import { clusterMaps, findingsOf } from '../../packages/report/src/index.ts';
import { auditOf, type World } from '../../packages/report/test/findings/worlds.ts';

type Family = readonly Omit<World, 'seed'>[];

const product = <A, B>(first: readonly A[], second: readonly B[]) =>
  first.flatMap((a) => second.map((b) => ({ ...a, ...b })));
const each = <K extends keyof World>(key: K, values: readonly World[K][]) =>
  values.map((value) => ({ [key]: value }) as Pick<World, K>);

const many = product(each('coarse', [4, 7, 14]), [
  { classes: 2, pictures: 200 },
  { classes: 5, pictures: 400 },
]);
const grounds = each('background', ['plain', 'varied']);
const FAMILIES: Readonly<Record<string, Family>> = {
  'null, masks': product(product(product(many, each('objects', ['middle', 'anywhere', 'fill', 'class'])), grounds), [
    { masks: true },
  ]),
  'null, no masks': product(product(many, each('objects', ['middle', 'anywhere', 'fill'])), grounds),
  'null, no masks, the class lies in a corner': product(product(many, [{ objects: 'class' as const }]), grounds),
  'a mark nobody cares about': product(
    product(
      each('shortcut', ['corner', 'border', 'moving', 'stamp', 'ruler', 'tint', 'texture']),
      each('masks', [true, false]),
    ),
    [{ learned: false, share: 0.5 }],
  ),
  'a mark that moves about nobody cares about, objects anywhere': product(product(many, grounds), [
    { objects: 'anywhere' as const, shortcut: 'moving' as const, share: 0.5, learned: false },
  ]),
  'a colour cast nobody cares about': product(
    product(product(many, grounds), each('objects', ['middle', 'anywhere', 'fill'])),
    [{ shortcut: 'tint' as const, share: 0.5, learned: false }],
  ),
  ...Object.fromEntries(
    [true, false].flatMap((masks) =>
      (['corner', 'border', 'moving', 'stamp', 'ruler'] as const).flatMap((shortcut) =>
        [0.15, 0.3, 0.6, 1].map((share) => [
          `${shortcut} in ${share * 100} % of the class, ${masks ? 'masks' : 'no masks'}`,
          product(product(many, grounds), [{ masks, shortcut, share }]),
        ]),
      ),
    ),
  ),
  ...Object.fromEntries(
    (['tint', 'texture'] as const).map((shortcut) => [
      `${shortcut}, no masks`,
      product(product(each('share', [0.5, 1]), [{ shortcut }]), grounds),
    ]),
  ),
  ...Object.fromEntries(
    [0.15, 0.3, 0.6, 1].map((share) => [
      `moving in ${share * 100} % of the class, objects anywhere, no masks`,
      product(product(many, grounds), [{ objects: 'anywhere' as const, shortcut: 'moving' as const, share }]),
    ]),
  ),
  'background, masks': product(each('share', [0.3, 0.6, 1]), [{ masks: true, shortcut: 'background' as const }]),
};

const [pick = '', seeds = '24', from = '0'] = process.argv.slice(2);
for (const [name, family] of Object.entries(FAMILIES)) {
  if (!name.includes(pick)) continue;
  let any = 0;
  let high = 0;
  for (let seed = Number(from); seed < Number(from) + Number(seeds); seed++) {
    const { run, records } = auditOf({ ...family[seed % family.length], seed });
    const found = findingsOf(run, records, clusterMaps(run, records, seed)).filter(({ kind }) => kind === 'shortcut');
    if (found.length > 0) any++;
    if (found.some(({ severity }) => severity === 'high')) high++;
    if (process.env.SHOW)
      for (const { severity, title, evidence } of found) console.log(`  ${seed} ${severity} ${title}\n    ${evidence}`);
  }
  console.log(`${name.padEnd(48)} any ${any}, high ${high} of ${seeds} from ${from}`);
}
