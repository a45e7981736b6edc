const collator = new Intl.Collator('en', { numeric: true });

/** As people sort names, `a2` before `a10`; what sorts alike there goes by its code units, so that the order is total. */
export const naturalOrder = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
