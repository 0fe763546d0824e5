// A model's price as SQL.

import type { PriceList } from './audit-store.ts';
import type { Parameters } from './source-sql.ts';

/**
 * A call's price as jsonb `{ input, output }`, NULL where the list has none for the model. An exact name takes precedence
 * over a pattern, and a longer pattern over a shorter one. Exact names cost one look-up in a sorted object, however many
 * there are; patterns are tried in order, only for models without an exact price.
 */
export function priceSql(model: string, prices: PriceList, parameters: Parameters): string {
  const entries = Object.entries(prices);
  const exact = entries.filter(([name]) => !name.includes('*'));
  const patterns = entries.filter(([name]) => name.includes('*')).sort(([a], [b]) => b.length - a.length);
  const lookups: string[] = [];
  if (exact.length > 0)
    lookups.push(`(${parameters.add(JSON.stringify(Object.fromEntries(exact)))}::jsonb -> ${model})`);
  if (patterns.length > 0) {
    const list = parameters.add(patterns.map(([name]) => likePattern(name)));
    const found = parameters.add(JSON.stringify(patterns.map(([, price]) => price)));
    const tries = patterns.map(
      (_, i) => `WHEN ${model} COLLATE "C" LIKE (${list}::text[])[${i + 1}] THEN ${found}::jsonb -> ${i}`,
    );
    lookups.push(`CASE ${tries.join(' ')} END`);
  }
  return lookups.length === 0 ? 'NULL::jsonb' : `COALESCE(${lookups.join(', ')})`;
}

/** `*` stands for any text; the characters that are special to LIKE are escaped. */
function likePattern(pattern: string): string {
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}
