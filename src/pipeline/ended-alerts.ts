// What the data says about alerts that are over: the largest value, the sum, and the value now.

import { type EndFigures, type KeptAlert, NO_FIGURES } from '../model/ended-alert.ts';
import { largestOf, smallestOf } from '../model/extremes.ts';
import type { Firing } from '../model/finding.ts';
import { findingJson } from '../model/finding-json.ts';
import { groupId } from '../model/fingerprint.ts';
import { jsonText } from '../model/json.ts';
import { measuresOf } from '../model/metric.ts';
import { sampleOf } from '../model/metric-value.ts';
import { formatFixed } from '../model/money.ts';
import type { Closing } from '../model/notification.ts';
import { describeQuantity, quantityOf } from '../model/quantity.ts';
import type { Rule } from '../model/rule.ts';
import type { Query } from '../model/series.ts';
import { ask } from './ask.ts';
import type { Evaluation } from './evaluate.ts';
import { evaluateRules } from './evaluate-rules.ts';
import { unexplained } from './explain.ts';
import { onsets } from './onsets-and-charts.ts';
import type { PollUnderWay } from './parts.ts';
import { narrowedToJudge, narrowedWhere } from './questions.ts';

/** An alert that is over and was notified. */
export interface Ending {
  readonly kept: KeptAlert;
  readonly closing: Closing;
}

const DAY = 86_400_000;
/** Alerts of a rule whose figures are looked up: as many as a message shows. */
const LOOKED_UP = 10;

/**
 * The figures of alerts of one rule that are over, in the order asked, within the time that dating alerts may take. What cannot
 * be read in time is null. Never rejects.
 */
export async function figuresOf(
  parts: PollUnderWay,
  rule: Rule,
  endings: readonly Ending[],
  at: number,
): Promise<EndFigures[]> {
  const asked = endings.slice(0, LOOKED_UP);
  const evaluations = await evaluationsOf(parts, rule, asked, at).catch(() => []);
  const values = asked.map(({ kept, closing }) => valuesOf(rule, evaluations, kept, closing));
  const begun = await begunOf(
    parts,
    rule,
    asked.map(({ kept }, i) => ({ kept, last: values[i]?.last ?? null })),
    at,
  );
  const totals = await totalsOf(
    parts,
    rule,
    asked.map(({ closing, kept }, i) => ({ closing, kept: { ...kept, onset: begun[i] ?? null } })),
    at,
  );
  return endings.map((_, i): EndFigures => {
    const found = values[i];
    if (found === undefined) return NO_FIGURES;
    const { last, now, peak } = found;
    return {
      finding: last === null ? null : jsonText(findingJson(unexplained(rule, last))),
      valueNow: now,
      peak,
      total: totals[i] ?? null,
    };
  });
}

/** When each alert began. A beginning in the minute of its first message was not known then, and shows by now. */
async function begunOf(
  { explaining }: PollUnderWay,
  rule: Rule,
  asked: readonly { readonly kept: KeptAlert; readonly last: Firing | null }[],
  at: number,
): Promise<(number | null)[]> {
  const unknown = asked.flatMap(({ kept, last }) => (kept.onset === null && last !== null ? [last] : []));
  const [found = []] =
    unknown.length === 0 ? [] : await onsets(explaining, [{ rule, firing: unknown }], at).catch(() => []);
  return asked.map(({ kept, last }) => {
    if (kept.onset !== null || last === null) return kept.onset;
    const onset = found[unknown.indexOf(last)]?.at ?? null;
    // A later change is not how it began.
    return onset === null || onset > (kept.began ?? kept.since) ? null : onset;
  });
}

/** The rule at every scheduled instant since the first of these alerts began, at most 24 h back. */
async function evaluationsOf(
  { dating, zone, schedule }: PollUnderWay,
  rule: Rule,
  asked: readonly Ending[],
  at: number,
): Promise<readonly Evaluation[]> {
  const from = Math.max(at - DAY, smallestOf(asked.map(({ kept }) => kept.began ?? kept.since)));
  const to = largestOf(asked.map(({ closing }) => closing.at));
  const instants = [...new Set([...schedule.instants(from, to + 1), at])].sort((a, b) => a - b);
  const times = instants.map((instant) => ({ at: instant, earlier: [] }));
  const narrowed = {
    ...rule,
    where: narrowedToJudge(
      rule,
      asked.map(({ kept }) => kept.key),
    ),
  };
  const { outcomes } = await evaluateRules(dating, zone, [{ rule: narrowed, times }], at);
  return outcomes[0]?.evaluations ?? [];
}

function valuesOf(
  rule: Rule,
  evaluations: readonly Evaluation[],
  kept: KeptAlert,
  closing: Closing,
): { readonly last: Firing | null; readonly now: string | null; readonly peak: string | null } {
  const [id, group] = [groupId(kept.key, kept.variant), groupId(kept.key)];
  let peak: bigint | null = null;
  let last: Firing | null = null;
  let now: bigint | null = null;
  for (const { at, judgement } of evaluations) {
    const fires = judgement.firing.find(({ key, variant }) => groupId(key, variant) === id);
    const seen = fires ?? [...judgement.observed].find(({ key }) => groupId(key) === group);
    now = seen?.value.fixed ?? null;
    if (seen === undefined || at < (kept.began ?? kept.since) || at >= closing.at) continue;
    if (peak === null || seen.value.fixed > peak) peak = seen.value.fixed;
    last = fires ?? last;
  }
  const { additive } = describeQuantity(quantityOf(rule));
  const text = (value: bigint | null): string | null => (value === null ? null : formatFixed(value, 12));
  return { last, now: text(now ?? (additive && evaluations.length > 0 ? 0n : null)), peak: text(peak) };
}

/** What was spent from the onset of each alert to its end; null where the onset is not known. */
async function totalsOf(
  { explaining }: PollUnderWay,
  rule: Rule,
  asked: readonly Ending[],
  at: number,
): Promise<(string | null)[]> {
  if (!describeQuantity(quantityOf(rule)).additive) return asked.map(() => null);
  const queries = asked.map(({ kept, closing }): Query | null =>
    kept.onset === null || kept.onset >= closing.at
      ? null
      : {
          measures: measuresOf(rule.metric, rule.errors),
          where: narrowedWhere(rule, [kept.key]),
          groupBy: rule.groupBy,
          windows: [{ from: kept.onset, to: closing.at }],
        },
  );
  const open = queries.filter((query) => query !== null);
  const answers = open.length === 0 ? [] : await ask(explaining, open, at);
  return queries.map((query) => {
    if (query === null) return null;
    const answer = answers[open.indexOf(query)];
    if (answer === undefined || answer instanceof Error) return null;
    const cell = answer.keys.length === 0 ? null : answer.cell(0, 0);
    const sample = cell === null ? null : sampleOf(rule.metric, rule.errors, cell);
    return sample === null ? null : formatFixed(sample.fixed, 12);
  });
}
