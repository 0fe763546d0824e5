// The absence rule type: groups that usually make calls in a window, and now made none.

import { z } from 'zod';
import type { Firing, Judgement } from '../model/finding.ts';
import { fixedFromNumber, ONE } from '../model/money.ts';
import { NOTHING_OBSERVED } from '../model/observed.ts';
import { EMPTY_SERIES, type GroupKey, type Query, type Series } from '../model/series.ts';
import { windowAt } from '../model/window.ts';
import type { AbsenceObservation, AbsenceRule } from './absence-rule.ts';
import { absenceLimitText, absencePerfdata, describeAbsence } from './absence-words.ts';
import { spansBefore } from './last-call.ts';
import { daysOfHistory, longWindow, shortBaseline, windowAndEarlier } from './rule-history.ts';
import { decimalIdentity, measuredIdentity } from './rule-identity.ts';
import { judgementOf } from './rule-judgement.ts';
import { commonFaults, commonKeys, ruleBase } from './rule-keys.ts';
import { faultsBetween, numberBetween, partOfWhole, refusedKey, wholeDays } from './rule-scalars.ts';
import type { RuleContext, RuleType } from './rule-type.ts';
import { isStale, queryNewestRow } from './stale-store.ts';

const BASELINE_DAYS = 28;
const USUAL = fixedFromNumber(0.8);
const MIN_HISTORY = 7;
/** What common checks need not look at. */
const NO_METRIC = { metric: undefined, errors: undefined };

const keys = z
  .strictObject({
    type: z
      .literal('absence')
      .describe(
        'Finds groups without a call in a window (at most `24h`, `today`, `yesterday`) in which they usually make some',
      ),
    ...commonKeys,
    metric: refusedKey('an absence takes no metric', 'leave metric out: an absence counts calls'),
    errors: refusedKey('an absence does not look at failed calls', 'leave errors out'),
    min_calls: refusedKey('an absence has no calls to count', 'leave min_calls out'),
    usual: partOfWhole
      .optional()
      .describe('Part of the earlier windows in which a group must have made calls (default: `80%`)'),
    baseline: wholeDays.optional().describe('Earlier days whose same window counts (default: `28d`)'),
    min_history: numberBetween(2, 366, { whole: true })
      .prefault(MIN_HISTORY)
      .describe('Earlier windows, since the first one with calls, that a group needs to be judged'),
  })
  .check(
    faultsBetween(({ baseline = BASELINE_DAYS, ...given }) => [
      ...commonFaults({ ...given, ...NO_METRIC }),
      ...longWindow(given.window, 'absence'),
      ...shortBaseline(baseline, given.min_history),
    ]),
  );

/** Finds groups that are silent in a window in which they usually make calls (docs/rules/absence.md). */
export const absence: RuleType<AbsenceRule, AbsenceObservation> = {
  type: 'absence',
  schema: keys.transform((given) => ({ severity, notify, staleAfter = 'auto' }): AbsenceRule => {
    const base = ruleBase(
      { ...given, ...NO_METRIC, metric: 'calls', min_calls: undefined },
      { severity, notify },
    );
    return {
      ...base,
      type: 'absence',
      metric: 'calls',
      baselineDays: given.baseline ?? BASELINE_DAYS,
      usual: given.usual ?? USUAL,
      minHistory: given.min_history,
      staleAfter,
    };
  }),

  advice({ window, for: held }) {
    if (window !== 'today' || held !== undefined) return null;
    return {
      key: 'window',
      message: 'in the first minutes of a day, silence says little',
      hint: 'add `for: 1h`, or use a duration such as 1h',
    };
  },

  metric: 'calls',

  queries(rule, { at, zone }) {
    const windows = windowAndEarlier(rule.window, at, rule.baselineDays, zone);
    const { where, groupBy } = rule;
    const counted: Query = { measures: ['calls'], where, groupBy, windows };
    // Whether spendwatch can see is a matter of the poll's own instant.
    return [counted, ...queryNewestRow(rule.staleAfter, at + rule.delayMs)];
  },

  judge,
  detail: ({ where, groupBy }, { window }) => ({
    measures: ['calls'],
    where,
    groupBy,
    windows: spansBefore(window),
  }),
  resolvedBy: 'call',

  identity(rule) {
    return {
      ...measuredIdentity(rule),
      severity: rule.severity,
      usual: decimalIdentity(rule.usual),
      baseline: rule.baselineDays,
      min_history: rule.minHistory,
    };
  },

  limitText: absenceLimitText,
  describe: describeAbsence,
  perfdata: absencePerfdata,

  sample: {
    keys: { name: 'gone-silent', type: 'absence', window: '1h', group_by: ['service'] },
    otherLimits: { usual: '90%' },
    // Window 0 is the last hour; on the day before there was none either.
    spent: (window, query) => (query === 0 && window <= 1 ? null : 10),
    summary: 'search no calls in 1h (27 of 28 days had some)',
  },
};

function judge(
  rule: AbsenceRule,
  { at, zone }: RuleContext,
  [series = EMPTY_SERIES, newest]: readonly Series[],
): Judgement<AbsenceObservation> {
  if (isStale(rule.staleAfter, at + rule.delayMs, newest))
    return { status: 'no_data', observed: NOTHING_OBSERVED, firing: [] };
  const window = windowAt(rule.window, at, zone);
  const groups: number[] = [];
  const numbers: number[] = [];
  const firing: Firing<AbsenceObservation>[] = [];
  let isJudged = false;
  for (let group = 0; group < series.keys.length; group += 1) {
    const isSilent = !series.has(group, 0);
    // Nearly all groups make calls, and one with a history is enough to know that the rule can judge.
    const history: History = isSilent || !isJudged ? historyOf(rule, series, group) : NO_HISTORY;
    const isKnown = history.windows >= rule.minHistory;
    const isUsual = isKnown && BigInt(history.withCalls) * ONE >= rule.usual * BigInt(history.windows);
    isJudged ||= isKnown;
    if (isSilent && !isUsual) continue;
    groups.push(group);
    numbers.push(isSilent ? 0 : series.estimate(group, 0, 'calls'));
    if (!isSilent) continue;
    const step = { severity: rule.severity, bound: 0n, operator: '<=' as const };
    firing.push({ ...observed(series, group, { window, zone }, history), steps: [step] });
  }
  return judgementOf({
    series,
    groups,
    numbers,
    firing,
    quiet: isJudged ? 'ok' : 'no_data',
    observe: (group) => observed(series, group, { window, zone }, historyOf(rule, series, group)),
    worsens: null,
  });
}

type History = Pick<AbsenceObservation, 'withCalls' | 'windows'>;
const NO_HISTORY: History = { withCalls: 0, windows: 0 };

/** The earlier windows since the oldest one in which the group made calls. */
function historyOf({ baselineDays }: AbsenceRule, series: Series, group: number): History {
  const windows = daysOfHistory(series, group, baselineDays);
  let withCalls = 0;
  for (let window = 1; window <= windows; window += 1) if (series.has(group, window)) withCalls += 1;
  return { windows, withCalls };
}

/** Fewer calls are worse; of groups without any, the one that is silent less often. */
function observed(
  series: Series,
  group: number,
  judged: Pick<AbsenceObservation, 'window' | 'zone'>,
  history: History,
): AbsenceObservation {
  const fixed = series.cell(group, 0)?.sums.calls ?? 0n;
  const calls = Number(fixed / ONE);
  const { withCalls, windows } = history;
  const share = windows === 0 ? 0n : (BigInt(withCalls) * ONE) / BigInt(windows);
  const key = series.keys[group] as GroupKey;
  return { key, value: { fixed, number: calls, calls }, badness: share - fixed, ...judged, ...history };
}
