import { finishMap } from '../heatmap/presets.ts';
import type { Picture } from '../picture/picture.ts';
import { type Geometry, placeMap } from '../preprocess/geometry.ts';
import type { ChannelRanking } from '../rank-channels.ts';
import { contactSheet } from './contact-sheet.ts';
import { overlay } from './overlay.ts';
import type { Raster } from './raster.ts';

/** What is drawn on a sheet of a layer's channels. */
export interface ChannelSheetRequest {
  /** What the maps are laid on. */
  readonly picture: Picture;
  /** Where the model's input lies on the picture; without it the maps cover the whole picture. */
  readonly geometry?: Geometry;
  /** The model's input size, which the maps are enlarged to. */
  readonly size: { readonly width: number; readonly height: number };
  readonly ranking: ChannelRanking;
  /** Channels drawn, the best first (default 12). */
  readonly most?: number;
  readonly title?: string;
  /** Longest side of a picture in pixels (default 160). */
  readonly tile?: number;
}

/** The channels that speak most for a target, each laid on the picture, with its weight and its share of the Grad-CAM map. */
export function channelSheet(request: ChannelSheetRequest): Raster & { channels: 3 } {
  const { picture, geometry, size, ranking, most = 12, tile = 160 } = request;
  const all = ranking.channels.reduce((sum, { share }) => sum + Math.max(share, 0), 0);
  const items = ranking.channels.slice(0, most).map(({ channel, weight, share, map }) => {
    const { map: finished } = finishMap(map, 'seewhy', size);
    const percent = all > 0 ? `${Math.round((100 * share) / all)} % of what speaks for it` : 'nothing speaks for it';
    return {
      image: overlay(picture, geometry ? placeMap(finished, geometry) : finished),
      lines: [`channel ${channel}`, percent, `weight ${weight.toPrecision(3)}`],
    };
  });
  const { layer } = ranking;
  return contactSheet(items, {
    title: request.title ?? `Channels of ${layer.name}`,
    subtitle: `${items.length} of ${ranking.channels.length} channels, by weight · activation`,
    tile,
  });
}
