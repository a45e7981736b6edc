/**
 * How samples of more than 8 bits become 0..255:
 *
 * - `auto`: as the file says (a DICOM window, PNG's significant bits); else 16-bit samples are taken for as many bits as the largest needs,
 *   of 8, 12, 14 and 16, since cameras and scanners of 12 bits write 16-bit files
 * - `full`: the whole range of the file's type
 * - `range`: from the picture's smallest to its largest value
 * - `[low, high]`: from these values of the file (of DICOM: after rescaling)
 */
export type PixelWindow = 'auto' | 'full' | 'range' | readonly [low: number, high: number];
