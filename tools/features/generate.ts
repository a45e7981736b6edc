/** Writes the tables of FEATURES.md from the code: methods, gradient rules, presets, and the networks last held against torch and TensorFlow. */
import { readFileSync } from 'node:fs';
import { GRADIENT_RULES, type Rule } from '@seewhy/autodiff';
import { COLORMAPS, flagOf, METHODS, type Method, POSTPROCESS, PREPROCESS_PRESETS } from '@seewhy/core';
import type { ArchitectureResult } from '../architectures/verify-architecture.ts';
import { resultsTable as kerasNetworks } from '../keras/results-table.ts';
import type { Likeness } from '../randomisation/measure.ts';

const results = new URL('../architectures/results.json', import.meta.url);
const likeness = new URL('../randomisation/results.json', import.meta.url);

/** Text between `<!-- generated: NAME -->` and `<!-- end -->` replaced by the table of that name. */
export default function generate(current: string): string {
  const tables: Record<string, () => string> = { methods, randomisation, rules, presets, architectures, kerasNetworks };
  return current.replace(
    /(<!-- generated: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => {
      const table = tables[name];
      if (!table)
        throw new Error(`FEATURES.md asks for the table '${name}', known are ${Object.keys(tables).join(', ')}`);
      return `${begin}\n${table()}\n\n${end}`;
    },
  );
}

const row = (...cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function methods(): string {
  return [
    row('method', 'what it shows', 'formula', 'options (default)', 'needs', 'cost', 'paper'),
    row('---', '---', '---', '---', '---', '---', '---'),
    ...METHODS.map((method) =>
      row(
        `\`${method.name}\``,
        [method.summary, ...(method.caution ? [`**Mind:** ${method.caution}`] : [])].join(' '),
        `\`${method.formula}\``,
        optionsOf(method),
        method.needs,
        method.cost,
        method.paper,
      ),
    ),
  ].join('\n');
}

function randomisation(): string {
  const measured = JSON.parse(readFileSync(likeness, 'utf8')) as Likeness[];
  return [
    row('method', 'of magnitudes', 'of values', 'range of the values'),
    row('---', '--:', '--:', '---'),
    ...measured.map(({ method, signed, magnitude, range }) =>
      row(
        `\`${method}\``,
        magnitude.toFixed(2),
        signed.toFixed(2),
        range.map((value) => value.toFixed(2)).join(' to '),
      ),
    ),
  ].join('\n');
}

/** Flags with their defaults. */
function optionsOf(method: Method): string {
  const variants = method.variants ? [`\`--variant ${Object.keys(method.variants).join('|')}\``] : [];
  const others = Object.entries(method.options ?? {}).map(([name, value]) => `\`${flagOf(name)} ${String(value)}\``);
  return [...variants, ...others].join(' ');
}

/** A rule that only refuses does so before it looks at anything else. */
function refuses(rule: Rule): boolean {
  const refused = new Error('refused');
  const step = new Proxy({}, { get: (_, key) => (key === 'refuse' ? () => refused : fail()) });
  try {
    rule(step as never);
  } catch (error) {
    return error === refused;
  }
  return false;
}

function fail(): never {
  throw new Error('looked further');
}

function rules(): string {
  const groups = { differentiated: [] as string[], stop: [] as string[], refused: [] as string[] };
  for (const [op, rule] of Object.entries(GRADIENT_RULES)) {
    if (op.startsWith('seewhy.')) continue;
    if (rule === 'stop') groups.stop.push(op);
    else if (refuses(rule)) groups.refused.push(op);
    else groups.differentiated.push(op);
  }
  const list = (ops: string[]) =>
    ops
      .sort()
      .map((op) => `\`${op}\``)
      .join(' ');
  const patterns = Object.keys(GRADIENT_RULES)
    .filter((op) => op.startsWith('seewhy.'))
    .map((op) => op.slice('seewhy.'.length));
  return [
    `**Differentiated** (${groups.differentiated.length}): ${list(groups.differentiated)}`,
    `**Gradient zero** (${groups.stop.length}; piecewise constant, indices, shapes): ${list(groups.stop)}`,
    `**Refused with a reason** (${groups.refused.length}): ${list(groups.refused)}`,
    `**Recognised when written in smaller operators**: ${list(patterns)}`,
  ].join('\n\n');
}

function presets(): string {
  return [
    row('kind', 'names'),
    row('---', '---'),
    row(
      'finishing a map (`--preset`)',
      Object.entries(POSTPROCESS)
        .map(([name, preset]) => `\`${name}\` ${preset.about}`)
        .join('; '),
    ),
    row(
      'preprocessing (`--preprocess`)',
      Object.entries(PREPROCESS_PRESETS)
        .map(([name, preset]) => `\`${name}\` ${preset.about}`)
        .join('; '),
    ),
    row('colormaps (`--colormap`)', COLORMAPS.map((name) => `\`${name}\``).join(' ')),
  ].join('\n');
}

function architectures(): string {
  const measured = JSON.parse(readFileSync(results, 'utf8')) as ArchitectureResult[];
  const figure = (value: number | null) => (value === null || Number.isNaN(value) ? '–' : value.toExponential(1));
  const passed = measured.filter((one) => one.passed).length;
  return [
    `${passed} of ${measured.length} models within bounds (relative L2 error of the input gradient against float64; allowed: 1e-4, or 2.5 times the framework's own float32 error).`,
    '',
    row('network', 'family', 'exporter', 'opset', "seewhy's error", "framework's float32 error", ''),
    row('---', '---', '---', '---', '---', '---', '---'),
    ...measured.map((one) =>
      row(
        one.name,
        one.family,
        one.exporter,
        String(one.opset),
        figure(one.error),
        figure(one.frameworkError),
        one.passed ? 'ok' : (one.message ?? 'above the bound').split('(')[0]!.trim(),
      ),
    ),
  ].join('\n');
}
