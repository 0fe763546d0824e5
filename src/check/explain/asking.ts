// Where an explanation asks: kept sums where there are any, and the store.

import type { Askable } from '../../pipeline/ask.ts';
import type { ExplainParts } from './parts.ts';

export function askableOf({ store, source }: Pick<ExplainParts, 'store' | 'source'>): Askable {
  return { ...source, read: (reads, before) => store.read(reads, before) };
}
