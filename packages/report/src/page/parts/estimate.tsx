import type { ComponentChildren } from 'preact';
import type { Estimate } from '../../metrics/estimate.ts';
import { figure } from '../draw/text.ts';

/** A figure with its interval, as numbers and as a mark on a scale. */
export function EstimateRow({
  name,
  hint,
  value,
  from = 0,
}: {
  name: string;
  hint?: string;
  value: Estimate;
  from?: 0 | -1;
}) {
  const place = (x: number) => (100 * (Math.min(1, Math.max(from, x)) - from)) / (1 - from);
  const known = Number.isFinite(value.value);
  return (
    <tr>
      <th scope="row" title={hint}>
        {name}
      </th>
      <td class="number">{figure(value.value)}</td>
      <td class="interval">
        {Number.isFinite(value.low) ? (
          `${figure(value.low)} – ${figure(value.high)}`
        ) : (
          <span class="quiet">{value.reason ?? ''}</span>
        )}
      </td>
      <td class="scale">
        {known && (
          <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
            <path d="M0 6H100" class="scale-line" vector-effect="non-scaling-stroke" />
            {Number.isFinite(value.low) && (
              <rect
                x={place(value.low)}
                y="3"
                width={Math.max(0.8, place(value.high) - place(value.low))}
                height="6"
                class="scale-range"
              />
            )}
            <path d={`M${place(value.value)} 0V12`} class="scale-value" vector-effect="non-scaling-stroke" />
          </svg>
        )}
      </td>
    </tr>
  );
}

/** A table of {@link EstimateRow}s; its heads are for those who hear it. */
export function EstimateTable({
  columns: [name, value] = ['Figure', 'Value'],
  children,
}: {
  columns?: readonly [name: string, value: string];
  children: ComponentChildren;
}) {
  return (
    <table class="figures">
      <thead class="unseen">
        <tr>
          <th scope="col">{name}</th>
          <th scope="col">{value}</th>
          <th scope="col">95 % interval</th>
          <td />
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
