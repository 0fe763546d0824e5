// The result of a backtest, and ISO weeks.

import { localDay } from '../model/local-time.ts';
import type { Rule } from '../model/rule.ts';
import type { Difference } from './difference.ts';
import type { Distribution } from './distribution.ts';
import type { RuleSeries } from './rule-series.ts';
import type { SentAlert } from './sent-alert.ts';
import type { Suggestion } from './suggest.ts';

/** The result of one rule. */
export interface BacktestedRule {
  readonly rule: Rule;
  readonly alerts: readonly SentAlert[];
  /** Messages, counted per channel. The alerts of one instant share a message. */
  readonly messages: number;
  /** Alerts by ISO week, for every week of the range: `2026-W47`. */
  readonly byWeek: ReadonlyMap<string, number>;
  /** Silenced groups, each counted once a day. */
  readonly silenced: number;
  /** Null for rules without fixed limits, and without values. */
  readonly values: Distribution | null;
  /** Null where none was requested or found. */
  readonly suggested: Suggestion | null;
  /** Null without charts. */
  readonly series: RuleSeries | null;
  /** Why the rule could not be judged. */
  readonly error: string | null;
}

export interface BacktestResult {
  /** [from, to), ms. */
  readonly from: number;
  readonly to: number;
  /** The step as given on the command line: `5m`, `schedule`. */
  readonly step: string;
  readonly zone: string;
  readonly instants: number;
  /** By instant, then in the order of the file. */
  readonly alerts: readonly SentAlert[];
  readonly rules: readonly BacktestedRule[];
  /** How many alerts a week a suggested limit should make; null without `--suggest`. */
  readonly perWeek: number | null;
  readonly diff: Difference | null;
}

const DAY = 86_400_000;

/** The ISO week of an instant: `2026-W47`. As with every period, an instant on a boundary belongs to the week that ends. */
export function isoWeek(at: number, zone: string): string {
  const day = localDay(at - 1, zone);
  // A week belongs to the year of its Thursday. Day 0 (1970-01-01) was a Thursday.
  const thursday = Math.floor((day + 3) / 7) * 7;
  const year = new Date(thursday * DAY).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(year, 0, 1) / DAY) / 7) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

/** Every ISO week that has an instant in [from, to). */
export function weeksOf(from: number, to: number, zone: string): string[] {
  const weeks = new Set<string>();
  for (let at = from; at < to; at += DAY) weeks.add(isoWeek(at, zone));
  weeks.add(isoWeek(Math.max(from, to - 1), zone));
  return [...weeks];
}
