import type { AuditRun } from '@seewhy/report';
import type { ColumnRole } from '../dataset/dataset.ts';
import type { WrittenMethodOptions } from '../method-options.ts';
import type { ExplainOptions } from '../options.ts';
import type { PixelWindow } from '../picture/window.ts';
import type { Activation } from './activations.ts';
import { auditErrors } from './audit-errors.ts';
import type { Chooser } from './plan.ts';

/** Options of `seewhy audit`, as the command line reads them. */
export interface AuditCommandOptions extends Omit<ExplainOptions, 'target'>, WrittenMethodOptions {
  target?: string;
  out?: string;
  threshold?: number;
  positive?: string;
  activation?: Activation;
  classMap?: string;
  imageRoot?: string;
  id?: string;
  column?: Partial<Record<ColumnRole, string>>;
  delimiter?: string;
  limit?: number;
  sample?: number;
  split?: string;
  patient?: string;
  explain?: Chooser;
  seed?: number;
  batch?: number;
  mapSize?: number;
  maxSize?: number;
  maxPixels?: number;
  levels?: PixelWindow;
  /** False with `--no-cover`. */
  cover?: boolean;
  failOn?: string[];
  title?: string;
  resume?: true;
  force?: true;
  json?: true;
  dryRun?: true;
}

const ROLES: readonly ColumnRole[] = ['path', 'label', 'group', 'split', 'mask', 'box'];

/** `--column label=diagnosis`; of several each for itself. */
export function columnRole(
  text: string,
  before: Partial<Record<ColumnRole, string>> | undefined,
): Partial<Record<ColumnRole, string>> {
  const at = text.indexOf('=');
  const role = ROLES.find((one) => one === text.slice(0, at).trim().toLowerCase());
  if (at < 1 || at === text.length - 1 || !role) throw auditErrors.column(text, ROLES);
  return { ...before, [role]: text.slice(at + 1) };
}

/** `--explain all|errors|panel|N` */
export function chooser(text: string): Chooser {
  const wanted = text.trim().toLowerCase();
  if (wanted === 'all' || wanted === 'errors' || wanted === 'panel') return { kind: wanted };
  const count = Number(wanted);
  if (!/^\d+$/.test(wanted) || count < 1 || count > 1e9) throw auditErrors.chooser(text);
  return { kind: 'cell', count };
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** `60MB`, `500kB`, `1.5GB` as bytes. */
export function byteSize(flag: string): (text: string) => number {
  return (text) => {
    const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
    const unit = UNITS[found?.[2]?.toLowerCase() ?? ''];
    const bytes = Number(found?.[1]) * (unit ?? Number.NaN);
    if (!(bytes >= 1)) throw auditErrors.bytes(flag, text);
    return Math.floor(bytes);
  };
}

/** How a chooser is told. */
export const chooserText = (chooser: Chooser): AuditRun['explain'] =>
  chooser.kind === 'cell' ? String(chooser.count) : chooser.kind;
