import { describePreprocess } from '@seewhy/core';
import type { OpenedModel } from './open-model.ts';

type Preprocessed = Pick<OpenedModel, 'preprocess' | 'preprocessFrom' | 'preprocessGuessed'>;

/** What documents say of a model's preprocessing: in words, where it came from, and whether it was guessed. */
export const preprocessFacts = ({ preprocess, preprocessFrom, preprocessGuessed }: Preprocessed) => ({
  text: describePreprocess(preprocess),
  from: preprocessFrom,
  guessed: preprocessGuessed,
});

/** What is said before a guessed preprocessing is used. */
export const guessedNotice = ({ preprocess, preprocessFrom }: Preprocessed): string =>
  `Preprocessing: ${describePreprocess(preprocess)} (${preprocessFrom}). --preprocess says otherwise.`;
