import type { EncodableImage } from './encode-png.ts';
import { loadSharp } from './sharp.ts';

/**
 * An animated GIF that runs for ever; frames of another size than the first are centred on white.
 * @param delay milliseconds a frame; the last one stays three times as long
 * @returns undefined where sharp is not installed: nothing else here writes animations
 */
export async function encodeAnimation(
  frames: readonly EncodableImage[],
  delay: number,
): Promise<Uint8Array | undefined> {
  const sharp = await loadSharp();
  if (!sharp || frames.length === 0) return undefined;
  const width = Math.max(...frames.map((frame) => frame.width));
  const height = Math.max(...frames.map((frame) => frame.height));
  const all = new Uint8Array(width * height * 3 * frames.length).fill(255);
  for (const [number, frame] of frames.entries()) {
    const left = (width - frame.width) >> 1;
    const top = number * height + ((height - frame.height) >> 1);
    for (let y = 0; y < frame.height; y++) {
      for (let x = 0; x < frame.width; x++) {
        const from = (y * frame.width + x) * frame.channels;
        all.set(frame.data.subarray(from, from + 3), ((top + y) * width + left + x) * 3);
      }
    }
  }
  const delays = frames.map((_, number) => (number === frames.length - 1 ? delay * 3 : delay));
  return sharp(all, { raw: { width, height: height * frames.length, channels: 3, pageHeight: height } })
    .gif({ delay: delays, loop: 0 })
    .toBuffer();
}
