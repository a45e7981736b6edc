/** Names that try to break out of the page, of a table or of a path. */
export const HOSTILE_IDS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'it\'s `quoted` "twice" & <b>bold</b>',
  '\u202egnp.exe \u2066right to left\u2069 עברית العربية',
  '__proto__',
  'constructor',
  '=HYPERLINK("http://example.invalid","click")',
  '+1+1',
  '@SUM(A1)',
  '-2+3',
  'line\nbreak\ttab',
  `long-${'x'.repeat(10_240)}`,
  '</style><style>*{display:none}',
  '{{constructor.constructor("alert(1)")()}}',
  '%00%0a#view=notes&id=x',
  '日本語の写真🔬',
];
