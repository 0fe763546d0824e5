// The exact cost of a call, as SQL.

import { MAX_CALL_COST } from '../model/call-prices.ts';
import type { Pricing } from './price-sql.ts';

/** A call's cost as numeric with 12 places; NULL is an unknown cost. A call without tokens costs what the list says of calls. */
export function costSql(listed: string, { prices }: Pricing): string {
  const believed = believedCostSql('cost_raw');
  const without = prices?.uses.includes('perCall') ? `COALESCE(${listed}, 0)` : '0::numeric';
  return `CASE WHEN cost_raw IS NOT NULL THEN ${believed}
    WHEN input_tokens_raw > 0 OR output_tokens_raw > 0 THEN ${listed} ELSE ${without} END`;
}

export function believedCostSql(cost: string): string {
  // Rounds only where there is something to round: rounding always would add a seventh to the time of a sum.
  const exact = `CASE WHEN scale(${cost}::numeric) > 12 THEN round(${cost}::numeric, 12) ELSE ${cost}::numeric END`;
  return `CASE WHEN ${cost} BETWEEN -${MAX_CALL_COST} AND ${MAX_CALL_COST} THEN ${exact} END`;
}
