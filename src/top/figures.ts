// What the view asks the audit store at a minute, beside the rules, and what the answers say.

import { type CheckParts, judgeOnce, silencedBy } from '../check/check.ts';
import { NONE } from '../model/finding.ts';
import type { Fixed } from '../model/money.ts';
import type { Rule } from '../model/rule.ts';
import type { Dimension, Query, Series, Where } from '../model/series.ts';
import type { UnpricedCalls } from '../model/unpriced-text.ts';
import { type OpenIncident, spentWhere } from './incidents.ts';
import { type RuleRow, ruleRows } from './rule-row.ts';

const MINUTE = 60_000;
/** How many minutes the line of spend shows. */
export const MINUTES = 60;
/** "Now" is so many minutes: a single one says little. */
export const NOW_MINUTES = 5;
/** Whose values are ranked, where the store has them. */
const RANKED: readonly Dimension[] = ['service', 'model', 'user'];
/** More than any window shows. */
const MOST_GROUPS = 30;
/** Of how many incidents the spend is looked up, and how far back: more of the past may not be kept. */
const MOST_INCIDENTS = 10;
const LONGEST_MS = 7 * 24 * 60 * MINUTE;

/** Spend by the values of a dimension, the largest of now first. */
export interface TopGroups {
  readonly dimension: Dimension;
  /** `now`: in the last NOW_MINUTES; `hour`: in the last hour. */
  readonly groups: readonly { readonly name: string; readonly now: Fixed; readonly hour: Fixed }[];
  /** How many more spent something in the last hour. */
  readonly more: number;
}

/** What the audit store said, as of a whole minute. */
export interface Figures {
  readonly at: number;
  readonly newestRow: number | null;
  readonly rules: readonly RuleRow[];
  /** Spend of each of the last MINUTES minutes, the oldest first; null where it could not be read. */
  readonly minutes: readonly Fixed[] | null;
  readonly tops: readonly TopGroups[];
  /** The ids of the incidents that were known. */
  readonly incidents: ReadonlySet<string>;
  /** By the id of an incident, what its subject spent since it began; absent where that is not known. */
  readonly spent: ReadonlyMap<string, Fixed>;
  readonly unpriced: UnpricedCalls | null;
}

/** What is asked: the parts of a check, and the incidents that are open. */
export interface FiguresQuestion {
  readonly parts: CheckParts;
  readonly incidents: readonly OpenIncident[];
  /** Of the file, disabled ones too: incidents may be about them. */
  readonly allRules: readonly Rule[];
}

/**
 * Reads all from one state of the audit store, by the evaluator of `check`. `at` is a whole minute (ms). Throws the store's
 * AppError when nothing could be read.
 */
export async function readFigures(question: FiguresQuestion, at: number): Promise<Figures> {
  const { parts, incidents, allRules } = question;
  const dimensions = RANKED.filter((dimension) => parts.dimensions.has(dimension));
  const asked = incidents.slice(0, MOST_INCIDENTS).flatMap((incident) => {
    const where = spentWhere(incident, allRules, parts.dimensions);
    const from = incident.spentFrom;
    const isAskable = from < at && from >= at - LONGEST_MS;
    return where === null || !isAskable ? [] : [{ id: incident.id, where, from }];
  });
  const queries = [
    spendQuery(EVERYTHING, [], minutesBefore(at)),
    ...dimensions.map((dimension) => topQuery(dimension, at)),
    ...asked.map(({ where, from }) => spendQuery(where, NO_GROUPS, [{ from, to: at }])),
  ];
  const once = await judgeOnce(parts, queries, at);
  const [minutes, ...rest] = once.beside;
  const tops = rest.slice(0, dimensions.length);
  const spent = rest.slice(dimensions.length);
  return {
    at,
    newestRow: once.newestRow,
    rules: ruleRows(once, (rule) => silencedBy(rule, at, parts)),
    minutes: minutes === undefined || minutes instanceof Error ? null : sumsByMinute(minutes),
    tops: dimensions.flatMap((dimension, i) => {
      const series = tops[i];
      return series === undefined || series instanceof Error ? [] : [topGroups(dimension, series)];
    }),
    incidents: new Set(incidents.map(({ id }) => id)),
    spent: new Map(
      asked.flatMap(({ id }, i): [string, Fixed][] => {
        const series = spent[i];
        return series === undefined || series instanceof Error ? [] : [[id, costIn(series, 0, 0)]];
      }),
    ),
    unpriced: once.unpriced.all,
  };
}

const EVERYTHING: Where = {};
const NO_GROUPS: readonly Dimension[] = [];

function spendQuery(where: Where, groupBy: readonly Dimension[], windows: Query['windows']): Query {
  return { measures: ['cost'], where, groupBy, windows };
}

function topQuery(dimension: Dimension, at: number): Query {
  return spendQuery(
    EVERYTHING,
    [dimension],
    [
      { from: at - NOW_MINUTES * MINUTE, to: at },
      { from: at - MINUTES * MINUTE, to: at },
    ],
  );
}

function minutesBefore(at: number): Query['windows'] {
  return Array.from({ length: MINUTES }, (_, i) => {
    const from = at - (MINUTES - i) * MINUTE;
    return { from, to: from + MINUTE };
  });
}

function sumsByMinute(series: Series): Fixed[] {
  return Array.from({ length: MINUTES }, (_, i) => costIn(series, 0, i));
}

function topGroups(dimension: Dimension, series: Series): TopGroups {
  // By estimates, since of thousands of users few are shown.
  const places = series.keys.map((_, group) => ({
    group,
    now: series.estimate(group, 0, 'cost'),
    hour: series.estimate(group, 1, 'cost'),
  }));
  const spending = places.filter(({ now, hour }) => now !== 0 || hour !== 0);
  spending.sort((a, b) => b.now - a.now || b.hour - a.hour);
  return {
    dimension,
    groups: spending.slice(0, MOST_GROUPS).map(({ group }) => ({
      name: series.keys[group]?.[0] ?? NONE,
      now: costIn(series, group, 0),
      hour: costIn(series, group, 1),
    })),
    more: Math.max(0, spending.length - MOST_GROUPS),
  };
}

function costIn(series: Series, group: number, window: number): Fixed {
  if (group >= series.keys.length) return 0n;
  return series.cell(group, window)?.sums.cost ?? 0n;
}

/** What is spent a minute, of what was spent in NOW_MINUTES. */
export function aMinute(spent: Fixed): Fixed {
  return spent / BigInt(NOW_MINUTES);
}
