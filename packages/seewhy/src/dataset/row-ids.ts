import { datasetErrors } from './dataset-errors.ts';
import { IdTable } from './id-table.ts';

/** A path without its last ending. */
export const withoutEnding = (path: string): string => path.replace(/(?<=[^/\\])\.[^./\\]+$/, '');

/**
 * Gives each row its id, and refuses what came before. Ids that are made of paths go without the ending; where that would give two
 * pictures one id (`a.png` after `a.jpg`), the later keeps its ending.
 */
export class RowIds {
  private readonly ids = new IdTable();
  private readonly paths = new IdTable();

  /** An id of the data set's own. @throws SeewhyError `ID_TWICE` */
  own(id: string): string {
    if (this.ids.seen(id)) throw datasetErrors.idTwice(id);
    return id;
  }

  /** @throws SeewhyError `ID_TWICE` for the same path again */
  ofPath(path: string): string {
    const clean = path.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
    const short = withoutEnding(clean);
    if (this.paths.seen(clean)) throw datasetErrors.idTwice(short);
    return this.ids.seen(short) ? this.own(clean) : short;
  }
}
