import { computed, signal } from '@preact/signals';
import type { AuditRecord } from '../../index.ts';
import { isWrong, shownKind } from './decisions.ts';
import { adjust, go, openId, place } from './place.ts';
import { recordOf } from './report.ts';
import { selected } from './selection.ts';

/** The list that the open picture was chosen from: next and previous go along it. */
const listed = signal<readonly AuditRecord[] | undefined>(undefined);

export const sequence = computed<readonly AuditRecord[]>(() => {
  const id = openId.value;
  const list = listed.value ?? selected.value;
  return list.some((record) => record.id === id) ? list : selected.value;
});

export const openRecord = computed(() => (openId.value === '' ? undefined : recordOf(openId.value)));

let returnTo: HTMLElement | undefined;

export function openPicture(id: string, list?: readonly AuditRecord[]): void {
  listed.value = list;
  returnTo = document.activeElement instanceof HTMLElement ? document.activeElement : undefined;
  go({ id });
}

export function closePicture(): void {
  leaving = place.peek().id;
  go({ id: '' });
}

let leaving = '';

/** After the picture was closed: the focus goes to its tile, or where it came from. */
export function focusBack(): void {
  const tile = [...document.querySelectorAll<HTMLElement>('[data-id]')].find(
    (element) => element.dataset.id === leaving,
  );
  if (returnTo?.isConnected && returnTo.dataset.id === undefined && returnTo !== document.body) returnTo.focus();
  else (tile ?? returnTo)?.focus();
}

/** To the next picture of the list (or the one before), of all or of those that were decided right or wrong; false at its end. */
export function step(by: 1 | -1, which: 'all' | 'right' | 'wrong' = 'all'): boolean {
  const list = sequence.peek();
  const from = list.findIndex((record) => record.id === openId.peek());
  for (let i = from + by; i >= 0 && i < list.length; i += by) {
    const kind = shownKind(list[i]!);
    if (which === 'wrong' && !isWrong(kind)) continue;
    if (which === 'right' && (isWrong(kind) || kind === 'none')) continue;
    adjust({ id: list[i]!.id });
    return true;
  }
  return false;
}

/** Zoom of all panes of the open picture: they show the same part. `x`, `y`: the part's upper left corner, in shares of the picture. */
export const zoom = signal({ scale: 1, x: 0, y: 0 });
export const MOST_ZOOM = 32;

export function zoomTo(scale: number, atX = 0.5, atY = 0.5): void {
  const now = zoom.peek();
  const next = Math.min(MOST_ZOOM, Math.max(1, scale));
  const [px, py] = [now.x + atX / now.scale, now.y + atY / now.scale];
  moveTo(px - atX / next, py - atY / next, next);
}

export function moveTo(x: number, y: number, scale = zoom.peek().scale): void {
  const room = 1 - 1 / scale;
  const inside = (at: number) => Math.min(room, Math.max(0, at));
  zoom.value = { scale, x: inside(x), y: inside(y) };
}

/** The place that is being read, in shares of the picture. */
export const pointer = signal<{ x: number; y: number } | undefined>(undefined);
export const shows = { contours: signal(false), mask: signal(true), overlay: signal(true) };
export const wipe = signal(0.5);
