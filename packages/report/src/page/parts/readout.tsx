import { useEffect, useState } from 'preact/hooks';
import type { AuditRecord } from '../../index.ts';
import { figure, short } from '../draw/text.ts';
import { comparison, pairOf } from '../state/comparison.ts';
import { mapOf, maskOf, pictureUrl } from '../state/pictures.ts';
import { run } from '../state/report.ts';
import { pointer } from '../state/viewer.ts';

/** The pixels of a picture's file, for reading single ones. */
function usePixels(url: string | undefined): ImageData | undefined {
  const [pixels, setPixels] = useState<ImageData | undefined>();
  useEffect(() => {
    setPixels(undefined);
    if (!url) return;
    let current = true;
    const image = new Image();
    image.onload = () => {
      if (!current || image.naturalWidth === 0) return;
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context?.drawImage(image, 0, 0);
      setPixels(context?.getImageData(0, 0, canvas.width, canvas.height));
    };
    image.src = url;
    return () => {
      current = false;
    };
  }, [url]);
  return pixels;
}

/** What lies under the pointer (or the reading cross): place, colour, and each map's value there. */
export function Readout({ record }: { record: AuditRecord }) {
  const pixels = usePixels(pictureUrl(record.id));
  const at = pointer.value;
  if (!at || at.x < 0 || at.y < 0 || at.x >= 1 || at.y >= 1)
    return (
      <p class="readout quiet">Point at the picture to read values; or focus it and use Shift with the arrow keys.</p>
    );
  const [, height, width] = run.model.input;
  const cell = (plane: { width: number; height: number; data: Uint8Array }) =>
    plane.data[Math.floor(at.y * plane.height) * plane.width + Math.floor(at.x * plane.width)]!;
  const parts: string[] = [`x ${Math.floor(at.x * width)}, y ${Math.floor(at.y * height)}`];
  if (pixels) {
    const i = 4 * (Math.floor(at.y * pixels.height) * pixels.width + Math.floor(at.x * pixels.width));
    parts.push(`RGB ${pixels.data[i]} ${pixels.data[i + 1]} ${pixels.data[i + 2]}`);
  }
  const pair = comparison && pairOf(record.id);
  const sides = pair
    ? ([
        { side: 'a', of: pair.a, mark: 'A ' },
        { side: 'b', of: pair.b, mark: 'B ' },
      ] as const)
    : ([{ side: undefined, of: record, mark: '' }] as const);
  for (const { name, title, signed } of run.methods)
    for (const { side, of, mark } of sides) {
      const known = of.maps?.[name];
      const map = known && mapOf(record.id, name, side);
      if (!known || !map) continue;
      const share = cell(map) / 255;
      const raw = known.range[0] + share * (known.range[1] - known.range[0]);
      parts.push(`${mark}${title} ${figure(signed ? 2 * share - 1 : share, 2)} (raw ${short(raw)})`);
    }
  const mask = record.masked ? maskOf(record.id) : undefined;
  if (mask) parts.push(cell(mask) >= 128 ? 'inside the mask' : 'outside the mask');
  return (
    <p class="readout" role="status">
      {parts.join(' · ')}
    </p>
  );
}
