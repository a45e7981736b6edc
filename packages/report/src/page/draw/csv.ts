/**
 * One cell of a CSV file (RFC 4180). A text that a spreadsheet would take for a formula (it begins with =, +, -, @, tab or a line break)
 * gets an apostrophe in front; numbers do not.
 */
export function csvCell(value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const text = String(value);
  const guarded = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(guarded) || guarded !== text ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** Lines of cells as a CSV file; the mark at its begin tells spreadsheets that it is UTF-8. */
export const csvText = (rows: readonly (readonly (string | number | boolean | undefined)[])[]): string =>
  `\ufeff${rows.map((row) => row.map(csvCell).join(',')).join('\r\n')}\r\n`;
