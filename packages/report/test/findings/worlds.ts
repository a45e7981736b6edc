import { type RandomStream, randomStream } from '@seewhy/core';
import { toBase64 } from '../../src/base64.ts';
import type { AuditRecord, AuditRun, MapRecord } from '../../src/index.ts';
import { mapRecordOf } from '../../src/map-statistics/map-record-of.ts';
import { coldCells, hotCells } from '../../src/probes/hot-cells.ts';

const SIDE = 16;
const CELLS = SIDE * SIDE;

/**
 * `corner`, `border`, `moving`: painted over what was there. `stamp`: letters on whatever lies below them, at one place. `ruler`: ticks along one
 * side, any of the four. `background`: all but the object; `texture`: fine drawing over everything; `tint`: a colour cast.
 */
export type Mark = 'none' | 'corner' | 'border' | 'moving' | 'stamp' | 'ruler' | 'background' | 'texture' | 'tint';

export interface World {
  readonly seed: number;
  readonly pictures?: number;
  /** 1: a binary head with one sigmoid. */
  readonly classes?: number;
  /** What goes with class 1 beside its object. */
  readonly shortcut?: Mark;
  /** Share of class 1's pictures that have it, and of the others'. */
  readonly share?: number;
  readonly leak?: number;
  /** Whether the model has learned it (a clean model sees it and does not care). */
  readonly learned?: boolean;
  readonly masks?: boolean;
  /** Where objects lie. `class`: those of class 1 in a corner, the others in the middle. */
  readonly objects?: 'middle' | 'anywhere' | 'fill' | 'class';
  /** Side of the last layer: a map is so coarse. */
  readonly coarse?: number;
  /** Share of a map's mass that has nothing to do with the decision. */
  readonly stray?: number;
  readonly background?: 'plain' | 'varied';
  /** No thumbs and probes, as from an audit without them. */
  readonly bare?: boolean;
}

/** Cells of a thing: how much of each it fills. */
type Place = Float64Array;

/**
 * An audit made up: pictures of an object (and perhaps something else) in 16 × 16 cells, a model that adds up the evidence of what it can see, maps
 * that show where the evidence lies as coarsely as Grad-CAM does, and everything that is covered really taken away.
 */
export function auditOf(world: World): { run: AuditRun; records: AuditRecord[] } {
  const { seed, pictures = 240, classes = 2, shortcut = 'none', share = 0.3, leak = 0.03, learned = true } = world;
  const { masks = false, objects = 'middle', coarse = 7, stray = 0.25, background = 'plain', bare = false } = world;
  const binary = classes === 2;
  const random = randomStream(seed, 'world');
  const names = Array.from({ length: classes }, (_, i) => `kind ${i}`);
  const backdrop = colour(random);
  const kinds = names.map(() => colour(random));
  const thingColour = far(random, [...kinds, backdrop]);
  const corner = random.uniformInt(4);
  const records = Array.from({ length: pictures }, (_, i): AuditRecord => {
    const label = i % classes;
    const own = randomStream(seed, 'picture', i);
    const object = objectPlace(own, objects, label);
    const has = shortcut !== 'none' && own.uniform() < (label === 1 ? share : leak);
    const thing = has ? thingPlace(own, shortcut, corner, object) : new Float64Array(CELLS);
    // How much the object speaks for its class; some objects are hard.
    const clear = 3 + 1.5 * own.normal();
    const extra = has && learned ? 5 : 0;
    const ownKind = kinds[label]!.map((value) => value + 25 * own.normal());
    const ground = background === 'plain' ? backdrop.map((value) => value + 12 * own.normal()) : colour(own);
    const thumb = paint(own, object, thing, ownKind, ground, thingColour, background === 'varied' ? 25 : 5, shortcut);
    if (has && shortcut === 'tint') tint(thumb);

    const seen = (place: Place, covered?: Uint8Array) => {
      let all = 0;
      let left = 0;
      for (let cell = 0; cell < CELLS; cell++) {
        all += place[cell]!;
        if (!covered?.[cell]) left += place[cell]!;
      }
      return all > 0 ? left / all : 0;
    };
    const noise = (what: string) => 0.3 * randomStream(seed, 'noise', i, what).normal();
    const scoresOf = (what: string, covered?: Uint8Array, { cast = true, fine = true } = {}): number[] => {
      const objectSeen = seen(object, covered) ** 1.5;
      // A cast cannot be covered, fine drawing can be smoothed away.
      const thingSeen =
        shortcut === 'tint' ? Number(has && cast) : shortcut === 'texture' && !fine ? 0 : seen(thing, covered);
      const logits = names.map((_, k) => {
        // A detector says 0 unless something speaks for 1; several classes compete.
        const toward = binary
          ? k === 1
            ? (label === 1 ? clear : -clear) * objectSeen - 1 + objectSeen
            : 0
          : k === label
            ? clear * objectSeen
            : 0;
        return toward + (k === 1 ? extra * thingSeen : 0) + (k === (binary ? 1 : label) ? noise(what) : 0);
      });
      const most = Math.max(...logits);
      const powers = logits.map((logit) => Math.exp(logit - most));
      const sum = powers.reduce((a, b) => a + b, 0);
      return powers.map((power) => power / sum);
    };
    const scores = scoresOf('before');
    const target = scores.indexOf(Math.max(...scores));
    const mass = massOf(
      own,
      object,
      thing,
      target === 1 && extra > 0 ? extra : 0,
      Math.max(0.5, target === label ? clear : 0.5),
      coarse,
      stray,
    );
    const finished = mapRecordOf(
      { width: SIDE, height: SIDE, data: Float32Array.from(mass) },
      masks
        ? { width: SIDE, height: SIDE, data: object.map((v) => (v > 0 ? 1 : 0)) as unknown as Uint8Array }
        : undefined,
    );
    const largest = Math.max(...mass);
    const grid = mass.map((value) => Math.round((255 * value) / largest));
    const hot = hotCells(grid)!;
    const before = scores[target]!;
    const without = (what: string, covered: Uint8Array) => scoresOf(what, covered)[target]!;
    const outside = hot.map((value, cell) => (object[cell]! > 0 ? 0 : value));
    const objectCells = Uint8Array.from(object, (value) => (value > 0 ? 1 : 0));
    const map: MapRecord = {
      ...finished,
      target,
      range: [0, 1],
      warnings: [],
      patch: patchOf(own, thumb, finished.peak),
      covered: {
        before,
        hot: without('hot', hot),
        cold: without(
          'cold',
          masks ? coldCells(grid, outside.some(Boolean) ? outside : hot, objectCells) : coldCells(grid, hot),
        ),
        ...(masks && outside.some(Boolean) && { outside: without('outside', outside) }),
      },
    };
    return {
      id: `picture-${String(i).padStart(5, '0')}`,
      path: `pictures/${i}.png`,
      label: [label],
      scores: scores.map((score, k): [number, number] => [k, score]).sort((a, b) => b[1] - a[1]),
      columns: {},
      width: 224,
      height: 224,
      sha256: `${seed}/${i}`,
      fingerprint: Array.from({ length: 16 }, () => own.uniformInt(16).toString(16)).join(''),
      colour: [meanOf(thumb, 0), meanOf(thumb, 0), meanOf(thumb, 1), meanOf(thumb, 2)],
      masked: masks,
      ...(!bare && {
        thumb: toBase64(thumb),
        probes: {
          target,
          before,
          frame: without('frame', frameCells),
          centre: without(
            'centre',
            frameCells.map((value) => 1 - value),
          ),
          ...Object.fromEntries(SIDES.map(({ name, cells }) => [name, without(name, cells)])),
          blank: scoresOf('blank', everywhere, { cast: true })[target]!,
          neutral: scoresOf('neutral', undefined, { cast: false })[target]!,
          smooth: scoresOf('smooth', undefined, { fine: false })[target]!,
          ...(masks && {
            object: without('object', objectCells),
            surroundings: without(
              'surroundings',
              objectCells.map((value) => 1 - value),
            ),
          }),
        },
      }),
      maps: { gradcam: map },
    };
  });
  return {
    run: {
      schema: 'seewhy/audit/v1',
      status: 'done',
      title: 'A world made up',
      command: [],
      started: '2026-01-01T00:00:00Z',
      versions: {},
      model: { path: 'model.onnx', sha256: '', input: [3, 224, 224], preprocess: '' },
      dataset: { path: 'pictures', kind: 'folders', sha256: '', columns: {} },
      task: binary ? 'binary' : 'multiclass',
      classes: names,
      ...(binary && { positive: 1 }),
      threshold: 0.5,
      methods: [{ name: 'gradcam', title: 'Grad-CAM', layers: ['last'], signed: false }],
      target: 'predicted',
      explain: 'all',
      seed,
      counts: { rows: pictures, predicted: pictures, labelled: pictures, explained: pictures, failed: 0 },
      problems: [],
      notices: [],
      timings: {},
    },
    records,
  };
}

const frameCells = Uint8Array.from({ length: CELLS }, (_, i) =>
  [i % SIDE, Math.floor(i / SIDE)].some((place) => place < 2 || place >= SIDE - 2) ? 1 : 0,
);

const everywhere = new Uint8Array(CELLS).fill(1);

/** A quarter of the picture along each side. */
const SIDES = (
  [
    ['top', (_x, y) => y < SIDE / 4],
    ['bottom', (_x, y) => y >= (3 * SIDE) / 4],
    ['left', (x) => x < SIDE / 4],
    ['right', (x) => x >= (3 * SIDE) / 4],
  ] as const satisfies readonly (readonly [string, (x: number, y: number) => boolean])[]
).map(([name, inside]) => ({
  name,
  cells: Uint8Array.from({ length: CELLS }, (_, i) => (inside(i % SIDE, Math.floor(i / SIDE)) ? 1 : 0)),
}));

const colour = (random: RandomStream) => [0, 1, 2].map(() => 30 + 195 * random.uniform());

function far(random: RandomStream, others: readonly number[][]): number[] {
  let best = colour(random);
  let apart = 0;
  for (let i = 0; i < 30; i++) {
    const one = colour(random);
    const nearest = Math.min(...others.map((other) => Math.hypot(...other.map((value, c) => value - one[c]!))));
    if (nearest > apart) [best, apart] = [one, nearest];
  }
  return best;
}

function ellipse(x: number, y: number, rx: number, ry: number): Place {
  return Float64Array.from({ length: CELLS }, (_, i) =>
    ((i % SIDE) + 0.5 - x) ** 2 / rx ** 2 + (Math.floor(i / SIDE) + 0.5 - y) ** 2 / ry ** 2 <= 1 ? 1 : 0,
  );
}

function objectPlace(random: RandomStream, where: NonNullable<World['objects']>, label: number): Place {
  const size = () => 2 + 2.5 * random.uniform();
  switch (where) {
    case 'middle':
      return ellipse(8 + random.normal(), 8 + random.normal(), size() + 1, size() + 1);
    case 'anywhere':
      return ellipse(2 + 12 * random.uniform(), 2 + 12 * random.uniform(), size(), size());
    case 'fill':
      return ellipse(8, 8, 7 + 3 * random.uniform(), 7 + 3 * random.uniform());
    case 'class':
      return label === 1
        ? ellipse(2 + 0.7 * random.normal(), 13 + 0.7 * random.normal(), size(), size())
        : ellipse(8 + random.normal(), 8 + random.normal(), size() + 1, size() + 1);
  }
}

function thingPlace(random: RandomStream, kind: string, corner: number, object: Place): Place {
  const square = (x: number, y: number, side: number) =>
    Float64Array.from({ length: CELLS }, (_, i) =>
      i % SIDE >= x && i % SIDE < x + side && Math.floor(i / SIDE) >= y && Math.floor(i / SIDE) < y + side ? 1 : 0,
    );
  if (kind === 'corner') return square(corner % 2 ? 13 : 0, corner > 1 ? 13 : 0, 3);
  if (kind === 'border')
    return Float64Array.from({ length: CELLS }, (_, i) =>
      [i % SIDE, Math.floor(i / SIDE)].some((place) => place === 0 || place === SIDE - 1) ? 1 : 0,
    );
  if (kind === 'stamp')
    return Float64Array.from({ length: CELLS }, (_, i) =>
      i % SIDE >= 8 && i % SIDE < 15 && Math.floor(i / SIDE) >= 13 && Math.floor(i / SIDE) < 15 ? 1 : 0,
    );
  if (kind === 'ruler') {
    const side = random.uniformInt(4);
    const away = random.uniformInt(2);
    return Float64Array.from({ length: CELLS }, (_, i) => {
      const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
      const from = [x, SIDE - 1 - x, y, SIDE - 1 - y][side]!;
      return from >= away && from < away + 2 ? 1 : 0;
    });
  }
  if (kind === 'texture') return new Float64Array(CELLS).fill(1);
  if (kind === 'tint') return new Float64Array(CELLS);
  if (kind === 'background') return object.map((value) => (value > 0 ? 0 : 1));
  for (let tries = 0; tries < 50; tries++) {
    const place = square(random.uniformInt(14), random.uniformInt(14), 3);
    if (place.every((value, i) => value === 0 || object[i] === 0)) return place;
  }
  return square(0, 0, 3);
}

function paint(
  random: RandomStream,
  object: Place,
  thing: Place,
  own: number[],
  ground: number[],
  thingColour: number[],
  texture: number,
  mark: Mark,
): Uint8Array {
  const opaque = mark !== 'stamp' && mark !== 'texture' && mark !== 'tint';
  const thumb = new Uint8Array(CELLS * 4);
  for (let cell = 0; cell < CELLS; cell++) {
    const marked = thing[cell]! > 0;
    const base = marked && opaque ? thingColour : object[cell]! > 0 ? own : ground;
    const spread = marked && opaque ? 3 : object[cell]! > 0 ? 15 : texture;
    for (let c = 0; c < 3; c++) thumb[4 * cell + c] = Math.max(0, Math.min(255, base[c]! + spread * random.normal()));
    thumb[4 * cell + 3] = Math.max(
      0,
      Math.min(255, (marked ? (opaque ? 60 : 90) : object[cell]! > 0 ? 40 : texture) + 8 * random.normal()),
    );
  }
  return thumb;
}

/** Evidence where it lies, on a coarse layer, spread as interpolation spreads it, with some that has nothing to do with the decision. */
function massOf(
  random: RandomStream,
  object: Place,
  thing: Place,
  extra: number,
  clear: number,
  coarse: number,
  stray: number,
): Float64Array {
  const evidence = new Float64Array(CELLS);
  const total = (place: Place) => place.reduce((sum, value) => sum + value, 0) || 1;
  const [objectSize, thingSize] = [total(object), total(thing)];
  for (let i = 0; i < CELLS; i++)
    evidence[i] = (clear * object[i]! * (0.5 + random.uniform())) / objectSize + (extra * thing[i]!) / thingSize;
  const small = new Float64Array(coarse * coarse);
  for (let i = 0; i < CELLS; i++)
    small[
      Math.floor(((Math.floor(i / SIDE) + 0.5) * coarse) / SIDE) * coarse +
        Math.floor((((i % SIDE) + 0.5) * coarse) / SIDE)
    ]! += evidence[i]!;
  const sum = small.reduce((a, b) => a + b, 0);
  const noise = Float64Array.from(small, () => -Math.log(1 - random.uniform()));
  const noiseSum = noise.reduce((a, b) => a + b, 0);
  for (let i = 0; i < small.length; i++) small[i] = ((1 - stray) * small[i]!) / sum + (stray * noise[i]!) / noiseSum;
  const mass = new Float64Array(CELLS);
  for (let i = 0; i < CELLS; i++) {
    const x = Math.max(0, Math.min(coarse - 1, (((i % SIDE) + 0.5) * coarse) / SIDE - 0.5));
    const y = Math.max(0, Math.min(coarse - 1, ((Math.floor(i / SIDE) + 0.5) * coarse) / SIDE - 0.5));
    const [u, v] = [Math.floor(x), Math.floor(y)];
    const [right, below] = [Math.min(coarse - 1, u + 1), Math.min(coarse - 1, v + 1)];
    const upper = small[v * coarse + u]! * (1 - x + u) + small[v * coarse + right]! * (x - u);
    const lower = small[below * coarse + u]! * (1 - x + u) + small[below * coarse + right]! * (x - u);
    mass[i] = upper * (1 - y + v) + lower * (y - v);
  }
  return mass;
}

/** As light of another colour would: 20 % more red, 35 % less blue. */
function tint(thumb: Uint8Array): void {
  for (let i = 0; i < thumb.length; i += 4) {
    thumb[i] = Math.min(255, 1.2 * thumb[i]!);
    thumb[i + 2]! *= 0.65;
  }
}

function patchOf(random: RandomStream, thumb: Uint8Array, [px, py]: readonly [number, number]): string {
  const left = Math.max(0, Math.min(SIDE - 4, Math.round(px * SIDE - 2)));
  const top = Math.max(0, Math.min(SIDE - 4, Math.round(py * SIDE - 2)));
  const patch = new Uint8Array(192);
  for (let y = 0; y < 8; y++)
    for (let x = 0; x < 8; x++)
      for (let c = 0; c < 3; c++)
        patch[(y * 8 + x) * 3 + c] = Math.max(
          0,
          Math.min(255, thumb[((top + (y >> 1)) * SIDE + left + (x >> 1)) * 4 + c]! + 3 * random.normal()),
        );
  return toBase64(patch);
}

function meanOf(thumb: Uint8Array, channel: number): number {
  let sum = 0;
  for (let i = channel; i < thumb.length; i += 4) sum += thumb[i]!;
  return sum / CELLS;
}
