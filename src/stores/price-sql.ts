// A model's price as SQL.

import type { PriceList } from './audit-store.ts';
import type { Parameters } from './source-sql.ts';

/**
 * A call's price as jsonb `{ input, output }`, NULL where the list has none for the model: an exact name beats a
 * pattern, the longer pattern the shorter. Exact names cost one look into a sorted object, however many they are;
 * patterns are tried in order, and only for models that have no exact price.
 */
export function priceSql(model: string, prices: PriceList, parameters: Parameters): string {
  const entries = Object.entries(prices);
  const exact = entries.filter(([name]) => !name.includes('*'));
  const patterns = entries.filter(([name]) => name.includes('*')).sort(([a], [b]) => b.length - a.length);
  const looks: string[] = [];
  if (exact.length > 0)
    looks.push(`(${parameters.add(JSON.stringify(Object.fromEntries(exact)))}::jsonb -> ${model})`);
  if (patterns.length > 0) {
    const list = parameters.add(patterns.map(([name]) => likePattern(name)));
    const found = parameters.add(JSON.stringify(patterns.map(([, price]) => price)));
    const tries = patterns.map(
      (_, i) => `WHEN ${model} COLLATE "C" LIKE (${list}::text[])[${i + 1}] THEN ${found}::jsonb -> ${i}`,
    );
    looks.push(`CASE ${tries.join(' ')} END`);
  }
  return looks.length === 0 ? 'NULL::jsonb' : `COALESCE(${looks.join(', ')})`;
}

/** `*` stands for any text; what LIKE takes for more than itself is escaped. */
function likePattern(pattern: string): string {
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
