import { signal } from '@preact/signals';
import { COLORMAPS } from '@seewhy/core';
import { coloursFor, method, mode, opacity } from './display.ts';
import { noteOf, setNote } from './notes.ts';
import { adjust, go, openId, place } from './place.ts';
import { printPage } from './printing.ts';
import { run } from './report.ts';
import { withWord } from './selection.ts';
import { shows, step, zoom, zoomTo } from './viewer.ts';

/** The list of keys is open. */
export const helps = signal(false);

export const KEYS: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: '→ j', does: 'next picture' },
  { keys: '← k', does: 'previous picture' },
  { keys: 'w', does: 'next picture that was decided wrong; in a gallery: only those' },
  { keys: 'r', does: 'next picture that was decided right; in a gallery: only those' },
  { keys: '1 … 9', does: 'method' },
  { keys: 'g', does: 'all methods beside one another' },
  { keys: 'o', does: 'heatmap on and off' },
  { keys: '[ ]', does: 'heatmap fainter, stronger' },
  { keys: 'c', does: 'next colours' },
  { keys: 'l', does: 'contour lines on and off' },
  { keys: 'm', does: 'mask on and off' },
  { keys: '+ − 0', does: 'zoom in, out, whole picture' },
  { keys: 'f', does: 'flag this picture' },
  { keys: 'n', does: 'write a note' },
  { keys: '/', does: 'filter' },
  { keys: '?', does: 'this list' },
  { keys: 'Escape', does: 'close' },
];

/** A key of the open picture; false when it is none. */
function viewerKey(key: string): boolean {
  const id = openId.peek();
  switch (key) {
    case 'ArrowRight':
    case 'j':
      step(1);
      return true;
    case 'ArrowLeft':
    case 'k':
      step(-1);
      return true;
    case 'w':
      step(1, 'wrong');
      return true;
    case 'r':
      step(1, 'right');
      return true;
    case 'W':
      step(-1, 'wrong');
      return true;
    case 'R':
      step(-1, 'right');
      return true;
    case 'g':
      go({ mode: mode.peek() === 'grid' ? '' : 'grid' });
      return true;
    case 'l':
      shows.contours.value = !shows.contours.peek();
      return true;
    case 'm':
      shows.mask.value = !shows.mask.peek();
      return true;
    case 'o':
      shows.overlay.value = !shows.overlay.peek();
      return true;
    case '+':
    case '=':
      zoomTo(zoom.peek().scale * 1.5);
      return true;
    case '-':
      zoomTo(zoom.peek().scale / 1.5);
      return true;
    case '0':
      zoom.value = { scale: 1, x: 0, y: 0 };
      return true;
    case 'f':
      setNote(id, { flag: !noteOf(id)?.flag });
      return true;
    case 'n':
      document.getElementById('note')?.focus();
      return true;
    default:
      return false;
  }
}

/** A key of the page itself. */
function pageKey(key: string): boolean {
  switch (key) {
    case 'w':
      go({ q: withWord('wrong', ['correct']) });
      return true;
    case 'r':
      go({ q: withWord('correct', ['wrong']) });
      return true;
    case 'o':
      go({ look: place.peek().look === 'picture' ? '' : 'picture' });
      return true;
    case 'j':
    case 'k': {
      const focused = document.activeElement instanceof HTMLElement && document.activeElement.matches('.tile');
      if (focused)
        document.activeElement?.dispatchEvent(
          new KeyboardEvent('keydown', { key: key === 'j' ? 'ArrowRight' : 'ArrowLeft', bubbles: true }),
        );
      else document.querySelector<HTMLElement>('.tile[tabindex="0"]')?.focus();
      return true;
    }
    default:
      return false;
  }
}

function anyKey(key: string): boolean {
  if (/^[1-9]$/.test(key)) {
    const chosen = run.methods[Number(key) - 1];
    if (!chosen) return false;
    go({ method: chosen.name });
    return true;
  }
  if (key === '[' || key === ']') {
    const next = Math.min(1, Math.max(0, opacity.peek() + (key === ']' ? 0.1 : -0.1)));
    adjust({ opacity: next.toFixed(2) });
    return true;
  }
  if (key === 'c') {
    const names: readonly string[] = COLORMAPS.filter((name) => name !== 'diverging');
    const at = names.indexOf(coloursFor(method.peek()?.signed ?? false));
    if (at >= 0) go({ colours: names[(at + 1) % names.length]! });
    return true;
  }
  if (key === '?') {
    helps.value = !helps.peek();
    return true;
  }
  return false;
}

const WRITES = 'input:not([type="range"]):not([type="radio"]):not([type="checkbox"]), textarea, select';

export function listenToKeys(toFilter: () => void): void {
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'p') {
      event.preventDefault();
      void printPage();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = event.target instanceof Element ? event.target : undefined;
    if (at?.matches(WRITES)) return;
    // Arrow keys move sliders and switches.
    if (event.key.startsWith('Arrow') && at?.matches('input')) return;
    if (helps.peek()) return;
    const open = openId.peek() !== '';
    let done = open ? viewerKey(event.key) : pageKey(event.key);
    if (!done && event.key === '/') {
      toFilter();
      done = true;
    }
    if (!done) done = anyKey(event.key);
    if (done) event.preventDefault();
  });
}
