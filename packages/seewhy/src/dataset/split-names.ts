const NAMES = new Set('train training val valid validation dev test testing eval evaluation holdout'.split(' '));

/** True for folder and file names that tell a part of a data set instead of a class. */
export const isSplitName = (name: string): boolean => NAMES.has(name.toLowerCase());
