import type { PreprocessingHint } from '@seewhy/keras';
import type { Graph } from '@seewhy/onnx';

/** Under these keys a converted file says what its graph cannot: `labels` is read by others too. */
const LABELS = 'labels';
const PREPROCESSING = 'seewhy.keras.preprocessing';

const MODES: ReadonlySet<string> = new Set<PreprocessingHint['mode']>(['tf', 'caffe', 'torch', 'none']);

/** The graph of a converted model with its class names and the way its pictures are prepared among its metadata. */
export function withFacts(
  graph: Graph,
  labels: readonly string[] | undefined,
  preprocessing: PreprocessingHint | undefined,
): Graph {
  const metadata = new Map(graph.metadata);
  if (labels) metadata.set(LABELS, JSON.stringify(labels));
  if (preprocessing) metadata.set(PREPROCESSING, JSON.stringify(preprocessing));
  return graph.with({ metadata });
}

/** What `withFacts` kept of the pictures; undefined where there is nothing, or nothing that is understood. */
export function keptPreprocessing(metadata: ReadonlyMap<string, string>): PreprocessingHint | undefined {
  const text = metadata.get(PREPROCESSING);
  if (text === undefined) return undefined;
  try {
    const { mode, reason, architecture } = JSON.parse(text) as Record<string, unknown>;
    return typeof mode === 'string' && MODES.has(mode) && typeof reason === 'string'
      ? {
          mode: mode as PreprocessingHint['mode'],
          reason,
          ...(typeof architecture === 'string' ? { architecture } : {}),
        }
      : undefined;
  } catch {
    // Another program's, or a newer one's: then the guess is made from the graph.
    return undefined;
  }
}
