import type { ColumnRole, DatasetOptions } from './contract.ts';
import { datasetErrors } from './dataset-errors.ts';

/** Names that columns have in the data sets people share, the clearest first; compared without case and punctuation. */
const NAMES: Readonly<Record<ColumnRole | 'id' | 'frame', readonly string[]>> = {
  path: split(
    'path file filename file_name filepath file_path image_path image_file image_filename image_index img_path img_file image img picture photo image_name img_name picture_path uri',
  ),
  label: split(
    'label labels class class_name class_label class_id classes diagnosis dx category categories target ground_truth finding_labels gt truth y_true y',
  ),
  group: split(
    'patient patient_id patientid subject subject_id participant participant_id person_id animal_id case case_id lesion_id group group_id site site_id hospital hospital_id center centre center_id institution',
  ),
  split: split('split subset fold_name partition set dataset_split'),
  mask: split(
    'mask mask_path mask_file mask_filename mask_name segmentation segmentation_path seg_path segmentation_mask',
  ),
  box: split('box boxes bbox bboxes bounding_box bounding_boxes'),
  id: split('id image_id picture_id sample_id isic_id uid uuid'),
  frame: split('frame frame_number'),
};

/** Four columns that are a box together: corners, or corner and size. */
const BOX_COLUMNS = [
  ['xmin', 'ymin', 'xmax', 'ymax'],
  ['x_min', 'y_min', 'x_max', 'y_max'],
  ['x1', 'y1', 'x2', 'y2'],
  ['left', 'top', 'right', 'bottom'],
  ['bbox_x', 'bbox_y', 'bbox_width', 'bbox_height'],
  ['bbox_x', 'bbox_y', 'bbox_w', 'bbox_h'],
  ['box_x', 'box_y', 'box_width', 'box_height'],
];

function split(names: string): string[] {
  return names.split(' ');
}

const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

export interface FoundColumns {
  readonly path: string;
  readonly id?: string;
  readonly label?: string;
  /** One column a class, instead of `label`. */
  readonly oneHot?: readonly string[];
  readonly group?: string;
  readonly split?: string;
  readonly mask?: string;
  /** The picture's own transparency is its mask. */
  readonly alpha: boolean;
  readonly box?: string;
  readonly boxColumns?: { readonly names: readonly [string, string, string, string]; readonly corners: boolean };
  readonly frame?: string;
  /** Hugging Face's list of objects: `{ bbox: […], categories: […] }`. */
  readonly objects?: string;
}

/** The column that has a role by its name alone. */
export const columnNamed = (header: readonly string[], role: keyof typeof NAMES): string | undefined =>
  byName(header, role, []);

/** All columns that hold labels by their names. */
export const labelsNamed = (header: readonly string[]): readonly string[] => {
  const names = NAMES.label.map(plain);
  return header.filter((name) => names.includes(plain(name)));
};

function byName(header: readonly string[], role: keyof typeof NAMES, taken: readonly string[]): string | undefined {
  const plainNames = header.map(plain);
  for (const name of NAMES[role]) {
    const at = plainNames.indexOf(plain(name));
    if (at >= 0 && !taken.includes(header[at]!)) return header[at];
  }
  // Opened from an object (`annotation.label`): by the last part. Not an id, which may be of anything, nor a letter, which may be a coordinate.
  if (role === 'id' || role === 'frame') return undefined;
  const ends = header.map((name) => (/\.([^.]{2,})$/.exec(name) ?? [])[1]);
  for (const name of NAMES[role]) {
    const at = ends.findIndex(
      (end, i) => end !== undefined && plain(end) === plain(name) && !taken.includes(header[i]!),
    );
    if (at >= 0) return header[at];
  }
  return undefined;
}

/**
 * Which column is what: as asked, else by name.
 * @throws SeewhyError `MANIFEST_INVALID` when no column names the pictures, or one that was asked for is not there
 */
export function findColumns(header: readonly string[], path: string, options: DatasetOptions): FoundColumns {
  const asked = options.columns ?? {};
  const given = (role: string, name: string | undefined): string | undefined => {
    if (name === undefined) return undefined;
    const found = header.find((one) => one === name) ?? header.find((one) => one.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw datasetErrors.noColumn(path, role, name, header);
    return found;
  };
  const pathAt = given('path', asked.path) ?? columnNamed(header, 'path') ?? idAsPath(header);
  if (pathAt === undefined) throw datasetErrors.noPathColumn(path, header, pathHint(header));
  const alpha = asked.mask === 'alpha' && !header.includes('alpha');
  const label = labelColumns(header, path, asked.label);
  const boxColumns = fourColumns(header, path, asked.box);
  const taken = [pathAt];
  const role = (name: ColumnRole, wanted: string | undefined): string | undefined => {
    const found = given(name, wanted) ?? byName(header, name, taken);
    if (found !== undefined) taken.push(found);
    return found;
  };
  const id = given('id', options.id) ?? byName(header, 'id', taken);
  const one = label.one ?? (label.several ? undefined : role('label', undefined));
  const columns = {
    path: pathAt,
    id,
    label: one,
    oneHot: label.several ?? (one === undefined ? columnsOfClasses(header, options.classes) : undefined),
    group: role('group', asked.group),
    split: role('split', asked.split),
    mask: alpha ? undefined : role('mask', asked.mask),
    alpha,
    box: boxColumns && asked.box !== undefined ? undefined : role('box', boxColumns ? undefined : asked.box),
    boxColumns,
    frame: byName(header, 'frame', taken),
    objects: header.find((name) => plain(name) === 'objects'),
  };
  return Object.fromEntries(
    Object.entries(columns).filter(([, value]) => value !== undefined),
  ) as unknown as FoundColumns;
}

/** ISIC and others name the pictures by id alone: `ISIC_0024306`. */
export const idAsPath = (header: readonly string[]): string | undefined =>
  header.find((name) => ['imageid', 'isicid'].includes(plain(name)));

function pathHint(header: readonly string[]): string {
  const looksLikeFile = header.some((cell) => /\.(png|jpe?g|tiff?|webp|gif|bmp|dcm)$/i.test(cell.trim()));
  return looksLikeFile
    ? "The first line holds a picture's path already: put a line with the names of the columns above it, such as path,label."
    : '';
}

/** A column for each class of the model, in the model's order, where all are there: `No Finding,Cardiomegaly,Edema` of chest radiographs, `MEL,NV,BCC` of ISIC. */
function columnsOfClasses(header: readonly string[], classes: readonly string[] = []): readonly string[] | undefined {
  const found = classes.map(
    (name) => header.find((column) => column === name) ?? header.find((column) => plain(column) === plain(name)),
  );
  const named = found.filter((column) => column !== undefined && plain(column) !== '');
  return classes.length > 1 && new Set(named).size === classes.length ? (named as string[]) : undefined;
}

/** `--column label=…` may name several columns, one a class, also by `*`. */
function labelColumns(
  header: readonly string[],
  path: string,
  asked: string | undefined,
): { one?: string; several?: readonly string[] } {
  if (asked === undefined) return {};
  if (header.includes(asked)) return { one: asked };
  const several = asked.split(',').flatMap((part) => {
    const name = part.trim();
    const pattern = new RegExp(`^${name.split('*').map(literal).join('.*')}$`, 'is');
    const found = header.filter((column) => pattern.test(column));
    if (found.length === 0) throw datasetErrors.noColumn(path, 'label', name, header);
    return found;
  });
  return several.length === 1 && !asked.includes('*') ? { one: several[0]! } : { several: [...new Set(several)] };
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function fourColumns(header: readonly string[], path: string, asked: string | undefined): FoundColumns['boxColumns'] {
  const parts = asked?.split(',').map((part) => part.trim());
  if (parts && parts.length === 4) {
    const names = parts.map((part) => {
      const found = header.find((name) => name.toLowerCase() === part.toLowerCase());
      if (found === undefined) throw datasetErrors.noColumn(path, 'box', part, header);
      return found;
    }) as [string, string, string, string];
    return { names, corners: !/^w|width|_w$/i.test(names[2]) };
  }
  if (asked !== undefined) return undefined;
  for (const wanted of BOX_COLUMNS) {
    const names = wanted.map((name) => header.find((one) => one.toLowerCase() === name));
    if (names.every((name) => name !== undefined))
      return { names: names as [string, string, string, string], corners: !/w(idth)?$/.test(wanted[2]!) };
  }
  return undefined;
}
