import type { ComponentChildren } from 'preact';
import type { Cell } from '../../metrics/decision.ts';
import { Mark } from './marks.tsx';

/** A column's head; `number`: its cells hold numbers and stand at the right. */
export interface Column {
  readonly head: ComponentChildren;
  readonly number?: true;
  readonly wide?: true;
  /** Stands clear of the numbers before it. */
  readonly apart?: true;
}

/** Columns of numbers. */
export const numbers = (...heads: readonly ComponentChildren[]): readonly Column[] =>
  heads.map((head) => ({ head, number: true }));

/** The head of a column that counts a cell of the 2 × 2 table. */
export const cellHead = (cell: Cell) => (
  <>
    <Mark kind={cell} quiet /> {cell}
  </>
);

/** The heads of a table. */
export function TableHead({ columns }: { columns: readonly (string | Column)[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column, i) => {
          const { head, ...kinds }: Column = typeof column === 'string' ? { head: column } : column;
          return (
            <th scope="col" key={i} class={Object.keys(kinds).join(' ')}>
              {head}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
