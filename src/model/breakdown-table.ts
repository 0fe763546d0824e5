// A breakdown as a table: its largest parts, the others, and the credits among these.

import { displayName } from './display-text.ts';
import { counted, displayCount, displayValue } from './display-value.ts';
import { type BreakdownPart, type Finding, NONE, type Others } from './finding.ts';
import { kindAndName, kindText } from './group-label.ts';
import type { Fact, MessageTable } from './message.ts';
import { describeMetric } from './metric.ts';
import type { Dimension } from './series.ts';
import { sharesText } from './shares.ts';

interface Row {
  readonly name: string;
  /** Null where a ratio or percentile has none. */
  readonly value: bigint | null;
  readonly calls: number;
  readonly unpriced?: number | undefined;
}

/**
 * Shares are of what was spent: a credit is none, and would make others more than all. Averages and percentiles do not add
 * up, so their parts have no share.
 */
export function breakdownTable(
  finding: Pick<Finding, 'metric' | 'others'>,
  dimension: Dimension,
  parts: readonly BreakdownPart[],
): MessageTable {
  const { metric } = finding;
  const { additive, heading } = describeMetric(metric);
  const rows = [...parts.map(rowOfPart), ...rowsOfOthers(finding.others[dimension])];
  const whole = rows.map(({ value }) => (value === null || value < 0n ? 0n : value));
  const hasShares = additive && whole.some((value) => value > 0n);
  const shares = hasShares ? sharesText(whole) : [];
  const hasCalls = metric !== 'calls';
  const name = kindText(dimension);
  return {
    title: `By ${name}`,
    columns: [name, heading, ...(hasCalls ? ['calls'] : []), ...(hasShares ? ['share'] : [])],
    rows: rows.map((row, i) => [
      row.name,
      row.value === null ? 'none' : amountOf(row, displayValue(metric, row.value)),
      ...(hasCalls ? [displayCount(row.calls)] : []),
      ...(hasShares ? [shareOf(row, shares[i] ?? '')] : []),
    ]),
  };
}

/** In a table there is little room: a lower bound has a sign, and what lacks every price has no amount. */
function amountOf({ value, calls, unpriced }: Row, shown: string): string {
  if (unpriced === undefined) return shown;
  return value === 0n && unpriced === calls ? 'no price' : `≥ ${shown}`;
}

function shareOf({ value, unpriced }: Row, share: string): string {
  if (unpriced !== undefined) return 'unknown';
  return value !== null && value < 0n ? 'credit' : share;
}

function rowOfPart({ key, value, unpriced }: BreakdownPart): Row {
  return { name: key === null ? NONE : displayName(key), value: value.fixed, calls: value.calls, unpriced };
}

function rowsOfOthers(others: Others | undefined): Row[] {
  if (others === undefined) return [];
  const { keys, value, calls, unpriced, credits } = others;
  const fixed = value?.fixed ?? null;
  if (credits === null) return [{ name: counted(keys, 'other'), value: fixed, calls, unpriced }];
  const credited = credits.value?.fixed ?? 0n;
  const credit: Row = {
    name: counted(credits.keys, 'credit'),
    value: credited,
    calls: credits.calls,
    unpriced: credits.unpriced,
  };
  if (credits.keys === keys) return [credit];
  const rest: Row = {
    name: counted(keys - credits.keys, 'other'),
    value: (fixed ?? 0n) - credited,
    calls: calls - credits.calls,
    unpriced: (unpriced ?? 0) - (credits.unpriced ?? 0) || undefined,
  };
  return [rest, credit];
}

/** The breakdowns of a finding that have more than one part: a table of one row says nothing that a line cannot. */
export function breakdownTables(finding: Pick<Finding, 'metric' | 'breakdown' | 'others'>): MessageTable[] {
  return Object.entries(finding.breakdown)
    .filter(([dimension, parts]) => parts.length > 1 || finding.others[dimension] !== undefined)
    .map(([dimension, parts]) => breakdownTable(finding, dimension, parts));
}

/** What all calls have in common, where a breakdown has one part: `service search, model gpt-4.1`; null for nothing. */
export function commonFact({ breakdown, others }: Pick<Finding, 'breakdown' | 'others'>): Fact | null {
  const common = Object.entries(breakdown).flatMap(([dimension, [part, ...more]]) =>
    part === undefined || more.length > 0 || others[dimension] !== undefined
      ? []
      : [kindAndName(dimension, part.key)],
  );
  return common.length === 0 ? null : ['All calls', common.join(', ')];
}
