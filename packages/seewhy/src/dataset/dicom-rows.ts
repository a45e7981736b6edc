import { isSeewhyError } from '@seewhy/onnx';
import { dicomText, parseDicom, TAGS } from '../picture/dicom/dicom-header.ts';
import { dicomStart } from '../picture/dicom/dicom-start.ts';
import { cellValue } from './cell.ts';
import type { DatasetRow } from './contract.ts';
import type { FileTree } from './file-tree.ts';

/** Where the pixels begin in most files: what comes before is enough. */
const HEADS = [1 << 14, 1 << 18, Number.POSITIVE_INFINITY];
const MOST_FRAMES = 100_000;

/** Tags that tell how a picture was made and of what, by the column they become. Names, dates and numbers of people are not among them. */
const COLUMNS: Readonly<Record<string, string>> = {
  modality: 'x00080060',
  manufacturer: 'x00080070',
  institution: 'x00080080',
  device: 'x00081090',
  series: 'x0008103e',
  sex: 'x00100040',
  age: 'x00101010',
  body_part: 'x00180015',
  slice_thickness: 'x00180050',
  kvp: 'x00180060',
  view: 'x00185101',
  laterality: 'x00200060',
  image_laterality: 'x00200062',
  photometric: TAGS.photometric,
};

/** What a DICOM file says of its pictures besides their pixels. */
export interface DicomFacts {
  readonly frames: number;
  readonly patient?: string;
  readonly columns: Readonly<Record<string, string | number | boolean>>;
}

/** True for names that may be those of DICOM files: `.dcm`, no ending, or the digits of a UID as one. */
export const maybeDicom = (path: string): boolean =>
  /\.(dcm|dicom|ima)$/i.test(path) || !/\.[a-z][a-z0-9]{1,7}$/i.test(path);

/** Reads the head of a file; undefined for what is no DICOM, is not there or is damaged: reading the picture tells then. */
export async function dicomFacts(tree: FileTree, key: string): Promise<DicomFacts | undefined> {
  let before = -1;
  for (const size of HEADS) {
    try {
      const bytes = Number.isFinite(size) ? await tree.head(key, size) : await tree.read(key);
      if (bytes.length === before || dicomStart(bytes) === undefined) return undefined;
      before = bytes.length;
      const dataSet = await parseDicom(bytes, key, 'pixels');
      if (dataSet.uint16(TAGS.rows) === undefined) continue;
      const columns: [string, string | number | boolean][] = [];
      for (const [name, tag] of Object.entries(COLUMNS)) {
        const value = cellValue(name === 'age' ? years(dicomText(dataSet, tag)) : dicomText(dataSet, tag));
        if (value !== undefined) columns.push([name, value]);
      }
      const patient = dicomText(dataSet, 'x00100020');
      const frames = dataSet.intString(TAGS.frames) ?? 1;
      return {
        frames: Number.isInteger(frames) && frames > 1 && frames <= MOST_FRAMES ? frames : 1,
        ...(patient === undefined ? {} : { patient }),
        columns: Object.fromEntries(columns),
      };
    } catch (error) {
      // A file that is not there does not come with more of it.
      if (isSeewhyError(error) && error.code === 'PICTURE_MISSING') return undefined;
      // The head ends within an element: more of the file tells.
    }
  }
  return undefined;
}

/** `061Y` as 61, `018M` as 1.5. */
function years(age: string | undefined): number | string | undefined {
  const [, number, unit] = /^(\d{3})([DWMY])$/.exec(age ?? '') ?? [];
  if (number === undefined) return age;
  const days = { D: 365.25, W: 365.25 / 7, M: 12, Y: 1 }[unit as 'D' | 'W' | 'M' | 'Y'];
  return Number((Number(number) / days).toPrecision(4));
}

/** A row for each frame; its patient is the group where the data set names none, its tags are columns. */
export function* dicomRows(row: DatasetRow, { frames, patient, columns }: DicomFacts): Iterable<DatasetRow> {
  const whole: DatasetRow = {
    ...row,
    columns: { ...columns, ...row.columns },
    ...(row.group === undefined && patient !== undefined ? { group: patient } : {}),
  };
  if (frames === 1 || row.frame !== undefined) {
    yield whole;
    return;
  }
  // Frames follow one another: the file is read once for those that are asked for at the same time.
  let bytes: WeakRef<Promise<Uint8Array>> | undefined;
  const read = (): Promise<Uint8Array> => {
    const known = bytes?.deref();
    if (known) return known;
    const reading = row.read();
    bytes = new WeakRef(reading);
    return reading;
  };
  for (let frame = 0; frame < frames; frame++)
    yield { ...whole, id: `${row.id}#${frame + 1}`, columns: { ...whole.columns, frame: frame + 1 }, frame, read };
}
