import { describe, expect, it } from 'vitest';
import { colormap } from '../../src/heatmap/colormaps.ts';
import { blankPicture } from '../../src/picture/picture.ts';
import { type AuditPanelRequest, auditPanel, auditPanelColumns } from '../../src/render/audit-panel.ts';
import { type AuditPanelItem, fitId } from '../../src/render/audit-panel-item.ts';
import { overlay } from '../../src/render/overlay.ts';
import { INK } from '../../src/render/raster.ts';
import { textWidth } from '../../src/render/text.ts';

type Sheet = ReturnType<typeof auditPanel>;
const TILE = 100;

const flat = (value: number, size = 10) => ({
  width: size,
  height: size,
  data: new Float32Array(size * size).fill(value),
});
const item = (extra: Partial<AuditPanelItem> = {}): AuditPanelItem => ({
  picture: blankPicture(50, 50, [201, 0, 3]),
  id: 'P01',
  cell: { text: 'FN', wrong: true },
  score: '0.213',
  lines: ['label malignant'],
  maps: [{ map: flat(1), range: [0, 2.5], note: 'for malignant' }],
  ...extra,
});
const sheetOf = (items: readonly AuditPanelItem[], extra: Partial<AuditPanelRequest> = {}) =>
  auditPanel({
    title: 'False negatives',
    methods: ['gradcam'],
    sections: [{ title: 'Nine', items }],
    tile: TILE,
    ...extra,
  });

const pixel = ({ width, data }: Sheet, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

/** The box of all pixels of one colour, ends included, and how many there are. */
function boxOf(sheet: Sheet, colour: readonly number[]) {
  const box = { left: Number.POSITIVE_INFINITY, top: Number.POSITIVE_INFINITY, right: -1, bottom: -1, count: 0 };
  for (let y = 0; y < sheet.height; y++)
    for (let x = 0; x < sheet.width; x++) {
      const at = (y * sheet.width + x) * 3;
      if (sheet.data[at] !== colour[0] || sheet.data[at + 1] !== colour[1] || sheet.data[at + 2] !== colour[2])
        continue;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
      box.count++;
    }
  return box;
}

/** Pixels that are not white in a rectangle, right and bottom excluded. */
function ink(sheet: Sheet, left: number, top: number, right: number, bottom: number): number {
  let count = 0;
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) {
      const at = (y * sheet.width + x) * 3;
      if (sheet.data[at]! < 255 || sheet.data[at + 1]! < 255 || sheet.data[at + 2]! < 255) count++;
    }
  return count;
}

const colourOf = (name: 'viridis' | 'diverging', index: number) => [
  ...colormap(name).subarray(index * 3, index * 3 + 3),
];

describe('auditPanel', () => {
  it('lays picture, heatmap and overlay side by side, each as large as the tile', () => {
    const sheet = sheetOf([item()]);
    const picture = boxOf(sheet, [201, 0, 3]);
    expect(picture).toMatchObject({ left: 28, right: 28 + TILE - 1, count: TILE * TILE });
    expect(picture.bottom - picture.top).toBe(TILE - 1);
    // A map of 1 everywhere: the last colour of viridis, and in the overlay 0.7 of it.
    const heat = colourOf('viridis', 255);
    expect(pixel(sheet, 28 + TILE + 6, picture.top)).toEqual(heat);
    expect(pixel(sheet, 28 + 2 * TILE + 6 - 1, picture.bottom)).toEqual(heat);
    const laid = overlay(blankPicture(1, 1, [201, 0, 3]), flat(1, 1)).data;
    expect(boxOf(sheet, [...laid])).toMatchObject({
      left: 28 + 2 * (TILE + 6),
      right: 28 + 3 * TILE + 12 - 1,
      top: picture.top,
      bottom: picture.bottom,
      count: TILE * TILE,
    });
  });
  it('has a legend below the heatmap: the whole colormap from left to right, then the numbers', () => {
    const sheet = sheetOf([item({ maps: [{ map: flat(0), range: [0, 2.5] }] })]);
    const { bottom } = boxOf(sheet, [201, 0, 3]);
    // The overlay of a map of 0 is the picture itself, and none of its colours is in the heatmap.
    const left = 28 + TILE + 6;
    const bar = bottom + 1 + 4;
    expect(pixel(sheet, left, bar)).toEqual(colourOf('viridis', Math.floor((0.5 / TILE) * 256)));
    expect(pixel(sheet, left + 99, bar + 5)).toEqual(colourOf('viridis', Math.floor((99.5 / TILE) * 256)));
    const numbers = bar + 6 + 3;
    expect(ink(sheet, left, numbers, left + textWidth('0', 'small'), numbers + 15)).toBeGreaterThan(10);
    const right = left + TILE;
    expect(ink(sheet, right - textWidth('2.5', 'small'), numbers, right, numbers + 15)).toBeGreaterThan(20);
    expect(ink(sheet, left + 20, numbers, right - 30, numbers + 15)).toBe(0);
  });
  it('a flat map has one number, in the middle', () => {
    const sheet = sheetOf([item({ maps: [{ map: flat(0), range: [0, 0] }] })]);
    const { bottom } = boxOf(sheet, [201, 0, 3]);
    const [left, top] = [28 + TILE + 6, bottom + 1 + 4 + 6 + 3];
    expect(ink(sheet, left, top, left + 40, top + 15)).toBe(0);
    expect(ink(sheet, left + 40, top, left + 60, top + 15)).toBeGreaterThan(10);
    expect(ink(sheet, left + 60, top, left + TILE, top + 15)).toBe(0);
  });
  it('maps of two signs have the diverging colours, with 0 in the middle', () => {
    const sheet = sheetOf([item({ maps: [{ map: flat(-1), range: [-3, 3], signed: true }] })]);
    const { top, bottom } = boxOf(sheet, [201, 0, 3]);
    expect(pixel(sheet, 28 + TILE + 6, top)).toEqual(colourOf('diverging', 0));
    expect(pixel(sheet, 28 + TILE + 6 + 50, bottom + 5)).toEqual(
      colourOf('diverging', Math.floor((50.5 / TILE) * 256)),
    );
  });
  it('two items stand side by side, a third below; several methods make one column of wider ones', () => {
    const colours = [
      [11, 0, 0],
      [12, 0, 0],
      [13, 0, 0],
    ];
    const items = colours.map((colour) => item({ picture: blankPicture(20, 20, colour) }));
    const boxes = colours.map((colour) => boxOf(sheetOf(items), colour));
    expect(boxes[1]!.left - boxes[0]!.left).toBe(3 * TILE + 12 + 36);
    expect(boxes[1]!.top).toBe(boxes[0]!.top);
    expect(boxes[2]!.left).toBe(boxes[0]!.left);
    expect(boxes[2]!.top).toBeGreaterThan(boxes[0]!.bottom + 40);
    for (const { count } of boxes) expect(count).toBe(TILE * TILE);

    expect([0, 1, 2, 3].map(auditPanelColumns)).toEqual([2, 2, 1, 1]);
    const two = items.map((one) => ({ ...one, maps: [one.maps[0]!, { map: flat(0.5), range: [0, 1] as const }] }));
    const wide = sheetOf(two, { methods: ['gradcam', 'saliency'] });
    expect(wide.width).toBe(28 + 5 * TILE + 4 * 6 + 28);
    const second = boxOf(wide, colourOf('viridis', 128));
    expect(second.left).toBe(28 + 3 * (TILE + 6));
    expect(second.count).toBeGreaterThanOrEqual(3 * TILE * TILE);
  });
  it('keeps the proportions: a portrait and a landscape picture hang from the same line, in the middle of their tiles', () => {
    const portrait = item({ picture: blankPicture(20, 40, [11, 0, 0]) });
    const landscape = item({ picture: blankPicture(40, 10, [12, 0, 0]) });
    const sheet = sheetOf([portrait, landscape]);
    const [high, flatOne] = [boxOf(sheet, [11, 0, 0]), boxOf(sheet, [12, 0, 0])];
    expect(high).toMatchObject({ left: 28 + 25, right: 28 + 74, count: 50 * 100 });
    expect(flatOne.count).toBe(100 * 25);
    expect(flatOne.top).toBe(high.top);
  });
  it('what is missing is a grey place: the picture, the map, both', () => {
    const unseen = (one: AuditPanelItem) => boxOf(sheetOf([one]), INK.unseen).count;
    expect(unseen(item())).toBe(0);
    const noMap = unseen(item({ maps: [{ note: 'not explained' }] }));
    expect(noMap).toBeGreaterThan(1.8 * TILE * TILE);
    expect(noMap).toBeLessThan(2 * TILE * TILE);
    const { picture: _, ...rest } = item();
    const noPicture = unseen(rest);
    expect(noPicture).toBeGreaterThan(1.8 * TILE * TILE);
    expect(noPicture).toBeLessThan(2 * TILE * TILE);
  });
  it('says the cell of an error in the colour of warnings, of a hit quietly, and warns below the overlay', () => {
    const marks = (one: AuditPanelItem) => boxOf(sheetOf([one]), INK.warning);
    expect(marks(item()).count).toBeGreaterThan(5);
    expect(marks(item({ cell: { text: 'TP', wrong: false } })).count).toBe(0);
    const warned = marks(
      item({ cell: { text: 'TP', wrong: false }, maps: [{ map: flat(0), range: [0, 0], warning: 'empty: nothing' }] }),
    );
    expect(warned.left).toBeGreaterThanOrEqual(28 + 2 * (TILE + 6));
  });
  it('keeps its margins whatever stands in it: long and strange names, no picture in a section, one pixel, no method', () => {
    const hostile = [
      'x'.repeat(10_000),
      '<script>alert(1)</script>',
      'صورة ١٢٣',
      '猫🐱',
      '',
      'a\nb\u0000c',
      '\u202eabc',
    ];
    const sheets = [
      ...hostile.map((text) =>
        sheetOf([item({ id: text, score: '0.1', lines: [text, text], cell: { text, wrong: true }, tag: 'abcdef01' })], {
          title: text,
          subtitle: [text, text],
          sections: [{ title: text, note: text, items: [item({ id: text, lines: [text] })] }],
          methods: [text],
        }),
      ),
      sheetOf([]),
      sheetOf([item({ picture: blankPicture(1, 1) })]),
      sheetOf([item({ picture: blankPicture(1, 3000) }), item({ picture: blankPicture(3000, 1) })]),
      sheetOf([item({ maps: [] })], { methods: [] }),
      sheetOf([], { sections: [] }),
    ];
    for (const sheet of sheets) {
      const { width, height } = sheet;
      expect(sheet.data).toHaveLength(width * height * 3);
      expect(width * height).toBeLessThan(2e6);
      for (const [left, top, right, bottom] of [
        [0, 0, width, 27],
        [0, 0, 27, height],
        [width - 27, 0, width, height],
        [0, height - 27, width, height],
      ] as const)
        expect(ink(sheet, left, top, right, bottom)).toBe(0);
    }
  });
  it('an empty section says so, and the number of the page stands at the top right when there are several', () => {
    const empty = (text?: string) =>
      auditPanel({
        title: 'T',
        methods: ['gradcam'],
        sections: [{ title: 'S', items: [], ...(text ? { empty: text } : {}) }],
      });
    expect(ink(empty(), 28, 60, 400, empty().height)).toBeLessThan(
      ink(empty('No picture in this cell at all.'), 28, 60, 400, empty().height),
    );
    const right = (page?: { number: number; of: number }) => {
      const sheet = sheetOf([item()], page ? { page } : {});
      return ink(sheet, sheet.width - 28 - 90, 28, sheet.width - 28, 50);
    };
    expect(right()).toBe(0);
    expect(right({ number: 1, of: 1 })).toBe(0);
    expect(right({ number: 1, of: 2 })).toBeGreaterThan(50);
  });
});

describe('fitId', () => {
  it('leaves an id that fits alone', () => {
    expect(fitId('P01_img_2', 'abcdef01', 200)).toBe('P01_img_2');
  });
  it('keeps beginning and end of one that does not, and puts the tag behind', () => {
    const cut = fitId(`ISIC_${'0'.repeat(200)}_042`, 'abcdef01', 240);
    expect(cut).toMatch(/^ISIC_0+…0+_042 #abcdef01$/);
    expect(textWidth(cut)).toBeLessThanOrEqual(240);
  });
  it('puts the tag behind one that the font cannot draw: boxes look alike', () => {
    expect(fitId('صورة', 'abcdef01', 300)).toBe('صورة #abcdef01');
    expect(fitId('\u200b', 'abcdef01', 300)).toBe('\u200b #abcdef01');
    expect(fitId('Жук-αβγ', 'abcdef01', 300)).toBe('Жук-αβγ');
  });
});
