/** Names of folders that hold masks. */
export const MASK_FOLDERS: ReadonlySet<string> = new Set(
  'mask masks segmentation segmentations annotations_masks'.split(' '),
);
