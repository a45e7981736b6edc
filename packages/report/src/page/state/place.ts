import { computed, type ReadonlySignal, signal } from '@preact/signals';

/** Where the reader of the report is: all of it stands in the address, so that it can be sent around, and gone back to. */
export interface Place {
  readonly view: string;
  /** Decision threshold; empty: the run's. */
  readonly t: string;
  /** Filter. */
  readonly q: string;
  /** Picture that is open. */
  readonly id: string;
  /** Class against the rest, by name. */
  readonly class: string;
  readonly group: string;
  /** In a comparison: what became of the decision. */
  readonly flip: string;
  /** Column whose values have thresholds of their own, and those: `face=0.4&arm=0.6`. */
  readonly by: string;
  readonly ts: string;
  readonly sort: string;
  readonly method: string;
  /** How pictures are shown: `overlay`, `picture`, `heatmap`. */
  readonly look: string;
  readonly opacity: string;
  readonly colours: string;
  /** Arrangement of the open picture: `one`, `beside`, `wipe`, `grid`. */
  readonly mode: string;
}

const EMPTY: Place = {
  view: '',
  t: '',
  q: '',
  id: '',
  class: '',
  group: '',
  flip: '',
  by: '',
  ts: '',
  sort: '',
  method: '',
  look: '',
  opacity: '',
  colours: '',
  mode: '',
};
const NAMES = Object.keys(EMPTY) as (keyof Place)[];

export function parsePlace(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  return Object.fromEntries(NAMES.map((name) => [name, given.get(name) ?? ''])) as unknown as Place;
}

/** The part of an address after `#`: what is set, in one order, so that equal places have equal addresses. */
export function placeText(place: Place): string {
  const set = new URLSearchParams();
  for (const name of NAMES) if (place[name] !== '') set.set(name, place[name]);
  return set.toString();
}

export const place = signal<Place>(parsePlace(location.hash));

/** Each part of the place for itself: who reads one of them is not drawn again when another changes. */
export const here = Object.fromEntries(
  NAMES.map((name) => [name, computed(() => place.value[name])]),
) as unknown as Readonly<Record<keyof Place, ReadonlySignal<string>>>;

/** The place as links begin from it: while a slider moves it stays, so that no link is made anew at each step. */
const resting = signal(place.peek());

let writing: ReturnType<typeof setTimeout> | undefined;

function write(push: boolean): void {
  clearTimeout(writing);
  writing = undefined;
  resting.value = place.value;
  const text = placeText(place.value);
  if (text === placeText(parsePlace(location.hash))) return;
  if (push) history.pushState(null, '', `#${text}`);
  else history.replaceState(null, '', `#${text}`);
}

/** Goes somewhere: a step that `back` undoes. */
export function go(change: Partial<Place>): void {
  if (writing !== undefined) write(false);
  place.value = { ...place.value, ...change };
  write(true);
}

/** Changes something on the way (a slider, a letter in the filter): the address follows when it rests, without a step of its own. */
export function adjust(change: Partial<Place>): void {
  place.value = { ...place.value, ...change };
  clearTimeout(writing);
  // Browsers refuse more than some hundred changes of the address in half a minute.
  writing = setTimeout(() => write(false), 250);
}

/** An address that leads there, for links. */
export const linkTo = (change: Partial<Place>) =>
  `${location.href.replace(/#.*$/s, '')}#${placeText({ ...resting.value, ...change })}`;

/** A link that is followed within the page keeps what stands in the address; opening it in a new tab works too. */
export const follow = (change: Partial<Place>) => ({
  href: linkTo(change),
  onClick: (event: MouseEvent) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(change);
  },
});

window.addEventListener('popstate', () => {
  clearTimeout(writing);
  writing = undefined;
  const next = parsePlace(location.hash);
  if (placeText(next) !== placeText(place.value)) place.value = next;
  resting.value = place.value;
});

export const view = computed(() => here.view.value || 'findings');
export const openId = here.id;
