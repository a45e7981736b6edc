/** Where TensorFlow's resizing places the rows of a result. */
export type ResizeCoordinates = 'align_corners' | 'half_pixel' | 'asymmetric';

/** The row that each row of the result is taken from, in TensorFlow's own float32 arithmetic. */
export function nearestPlaces(size: number, wanted: number, way: ResizeCoordinates): number[] {
  const corners = way === 'align_corners' && wanted > 1;
  const scale = corners ? Math.fround((size - 1) / (wanted - 1)) : Math.fround(size / wanted);
  return Array.from({ length: wanted }, (_, at) => {
    const place = Math.fround((way === 'half_pixel' ? at + 0.5 : at) * scale);
    const whole = way === 'align_corners' ? Math.floor(place + 0.5) : Math.floor(place);
    return Math.max(0, Math.min(size - 1, whole));
  });
}
