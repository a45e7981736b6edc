/** Layers of equal area under the density; the low 8 bits of a random word choose one. */
const LAYERS = 256;
/** Where the tail begins. */
export const TAIL = 3.6541528853610088;
/** Area of a layer of the unnormalised density `exp(-x²/2)`, the lowest one with the tail. */
const AREA = 0.00492867323399;
/** The high 24 bits of a word, signed, are a place within a layer of `[-2²³, 2²³)`. */
const HALF = 2 ** 23;

/**
 * Tables of the ziggurat for the normal distribution. A layer `i` reaches from 0 to `edge[i]`; a `place` in it is the cell whose middle is
 * `x = (place + ½) · scale[i]`, certainly below the density when the place, mirrored to the right side, is less than `inner[i]`.
 *
 * G. Marsaglia, W. W. Tsang, "The ziggurat method for generating random variables", J. Stat. Softw. 5 (2000). Layer and place come from
 * different bits of a word, which the original does not keep apart: J. Doornik, "An improved ziggurat method", 2005.
 */
export const ziggurat = /* @__PURE__ */ tables();

function tables() {
  const edge = new Float64Array(LAYERS + 1);
  // The lowest layer holds the tail too: as a rectangle of the same area it would be this wide.
  edge[0] = AREA / density(TAIL);
  edge[1] = TAIL;
  for (let i = 2; i < LAYERS; i++) edge[i] = Math.sqrt(-2 * Math.log(AREA / edge[i - 1]! + density(edge[i - 1]!)));
  edge[LAYERS] = 0;
  const scale = new Float64Array(LAYERS);
  const inner = new Int32Array(LAYERS);
  const height = Float64Array.from(edge, density);
  for (let i = 0; i < LAYERS; i++) {
    scale[i] = edge[i]! / HALF;
    // Whole cells left of the next layer's edge.
    inner[i] = Math.floor((HALF * edge[i + 1]!) / edge[i]!);
  }
  return { edge, scale, inner, height };
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x);
}

/** What uniform numbers of [0, 1) come from. */
export interface UniformSource {
  uniform(): number;
}

/**
 * A normal number beyond {@link TAIL}: an exponential one, accepted as often as the densities' ratio says.
 * G. Marsaglia, "Generating a variable from the tail of the normal distribution", Technometrics 6 (1964).
 */
export function normalTail(stream: UniformSource): number {
  for (;;) {
    // 1 − u is in (0, 1]: the logarithm is finite.
    const x = -Math.log(1 - stream.uniform()) / TAIL;
    const y = -Math.log(1 - stream.uniform());
    if (2 * y >= x * x) return TAIL + x;
  }
}
