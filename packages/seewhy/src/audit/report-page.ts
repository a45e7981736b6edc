import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { SeewhyError } from '@seewhy/onnx';

/** The built page of the report: beside the command, or in the package that makes it. @throws AUDIT_PAGE_MISSING */
export async function readReportPage(): Promise<string> {
  const places = [
    () => fileURLToPath(new URL('./page.html', import.meta.url)),
    () => createRequire(import.meta.url).resolve('@seewhy/report/page.html'),
  ];
  for (const place of places) {
    try {
      return await readFile(place(), 'utf8');
    } catch {
      // Not there: the next place.
    }
  }
  throw new SeewhyError({
    code: 'AUDIT_PAGE_MISSING',
    what: "The report's page was not found beside the command",
    cure: "Install seewhy anew; in its repository run 'npm run build'.",
  });
}
