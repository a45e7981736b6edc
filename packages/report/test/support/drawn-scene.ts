import { random } from '../../../../tools/test-support/random.ts';

/** What a drawn picture is of: drawn again whenever it is needed, so that two thousand of them need no memory. */
export interface Scene {
  readonly seed: number;
  readonly kind: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly ruler: boolean;
  readonly tone: readonly [number, number, number];
}

export const TONES = [
  [236, 201, 178],
  [222, 178, 150],
  [186, 140, 110],
  [128, 90, 68],
] as const;

/** Distance of a point from the drawn thing's edge, in radii: below 1 is inside. */
function reach(scene: Scene, x: number, y: number): number {
  const dx = (x - scene.x) / scene.radius;
  const dy = (y - scene.y) / scene.radius;
  const angle = Math.atan2(dy, dx);
  const wobble = 1 + (0.05 + 0.12 * (scene.kind % 2)) * Math.sin(angle * (3 + (scene.seed % 4)) + scene.seed);
  switch (Math.floor(scene.kind / 2) % 3) {
    case 1:
      return Math.max(Math.abs(dx), Math.abs(dy)) * 1.15;
    case 2:
      return Math.abs(Math.hypot(dx, dy) - 0.75) * 3.2;
    default:
      return Math.hypot(dx, dy * 1.15) / wobble;
  }
}

export function drawPicture(scene: Scene, side: number, grain: number): Uint8Array {
  const noise = random(scene.seed);
  const data = new Uint8Array(side * side * 3);
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i += 3) {
      const [u, v] = [(x + 0.5) / side, (y + 0.5) / side];
      const shade = 1 - 0.28 * Math.hypot(u - 0.5, v - 0.5);
      const inside = 1 / (1 + Math.exp((reach(scene, u, v) - 1) * 18));
      const speckle = 0.5 + 0.5 * Math.sin(u * 41 + scene.seed) * Math.cos(v * 37 - scene.seed);
      const mark =
        scene.ruler && u < 0.09 && Math.abs(((v * 16) % 1) - 0.5) < 0.12 && u < (Math.floor(v * 16) % 4 ? 0.05 : 0.08);
      const jitter = (noise() - 0.5) * grain;
      for (let c = 0; c < 3; c++) {
        const skin = scene.tone[c]! * shade;
        const lesion = [92, 52, 40][c]! * (0.7 + 0.5 * speckle * (scene.kind % 2 ? 1 : 0.4)) * (0.75 + 0.25 * shade);
        const value = mark ? 25 : skin * (1 - inside) + lesion * inside;
        data[i + c] = Math.max(0, Math.min(255, value + jitter));
      }
    }
  return data;
}

/** A map as Grad-CAM makes them: a few blobs of cells, enlarged smoothly. */
export function drawMap(scene: Scene, side: number, method: number, onRuler: boolean): Float32Array {
  const next = random(scene.seed * 31 + method);
  const [cx, cy] = onRuler
    ? [0.06, 0.3 + 0.4 * next()]
    : [scene.x + 0.08 * (next() - 0.5), scene.y + 0.08 * (next() - 0.5)];
  const width = onRuler ? 0.08 : scene.radius * (0.7 + 0.5 * next());
  const [ox, oy, strength] = [next(), next(), 0.3 * next()];
  const map = new Float32Array(side * side);
  let largest = 0;
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i++) {
      const [u, v] = [(x + 0.5) / side, (y + 0.5) / side];
      const main = Math.exp(-((u - cx) ** 2 + ((v - cy) / (onRuler ? 2.4 : 1)) ** 2) / (2 * width * width * 0.4));
      const other = strength * Math.exp(-((u - ox) ** 2 + (v - oy) ** 2) / 0.02);
      const fine = method === 1 ? 0.75 + 0.25 * Math.sin(u * 60) * Math.sin(v * 60) : 1;
      map[i] = Math.max(0, (main + other) * fine - 0.04);
      largest = Math.max(largest, map[i]!);
    }
  if (largest > 0) for (let i = 0; i < map.length; i++) map[i] = map[i]! / largest;
  return map;
}

export function drawMask(scene: Scene, side: number): Uint8Array {
  return Uint8Array.from({ length: side * side }, (_, i) =>
    reach(scene, ((i % side) + 0.5) / side, (Math.floor(i / side) + 0.5) / side) < 1 ? 255 : 0,
  );
}
