// Identifies what kept sums depend on besides the rows: the table, its mapping, the prices.

import { createHash } from 'node:crypto';
import type { Config } from './config.ts';
import { placeOf } from './place.ts';

/** Raised when sums are made or kept in another way, so that old ones are not taken for new ones. */
const SUMS_MADE = 3;

/**
 * Another text for another table, another mapping or other prices; it holds no password. Files of different names have sums of
 * their own, as each needs others.
 */
export function sumsBasis({ audit, name }: Pick<Config, 'audit' | 'name'>): string {
  const { url, mapping, prices } = audit;
  const own = name === null ? [] : [name];
  const text = JSON.stringify([SUMS_MADE, placeOf(url), mapping, prices, ...own]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
