// Reads what else is to be said of the groups of an answer: periods, the window before, and the split.

import { topStep } from '../../model/finding.ts';
import { judgedAsOf } from '../../model/judged-as-of.ts';
import { measuresOf } from '../../model/metric.ts';
import type { Sample } from '../../model/metric-value.ts';
import { sampleOf } from '../../model/metric-value.ts';
import { type GroupKey, groupIn, type Series } from '../../model/series.ts';
import { silenceOf, spanAt } from '../../model/silence.ts';
import type { GroupSplit } from '../../model/spend-split.ts';
import { windowAt, windowOfRule } from '../../model/window.ts';
import { ask } from '../../pipeline/ask.ts';
import { queriesAt } from '../../pipeline/evaluate.ts';
import { limitsOf } from '../../pipeline/limits.ts';
import { narrowedToJudge, narrowedWhere } from '../../pipeline/questions.ts';
import { firstHeld } from '../../pipeline/since.ts';
import { splitQuery, splitsIn, splitWindows } from '../../pipeline/spend-split.ts';
import { ruleTypeOf } from '../../rules/index.ts';
import type { ComparedPeriod } from '../../rules/rule-type.ts';
import type { GroupAnswer } from './answer.ts';
import { askableOf } from './asking.ts';
import type { Candidate } from './groups.ts';
import { type Found, outcomeOf } from './outcome.ts';
import type { ExplainParts } from './parts.ts';

/** An answer for each of the groups, in their order. What cannot be read of them is left out. */
export async function groupAnswers(
  parts: ExplainParts,
  found: Found,
  groups: readonly Candidate[],
): Promise<GroupAnswer[]> {
  const { rule, at, zone } = found;
  if (groups.length === 0) return [];
  const [periodsOf, beforeOf, splitOf, heldOf] = await Promise.all([
    periods(parts, at, groups),
    windowsBefore(parts, at, groups),
    splits(parts, at, groups),
    heldSince(parts, at, groups),
  ]);
  const type = ruleTypeOf(rule);
  return groups.map((group, i): GroupAnswer => {
    const { key, variant, observation, firing, told, isPending } = group;
    const limits = limitsOf(rule, observation);
    const compared = periodsOf(group);
    const value = observation?.value ?? null;
    const calls = Math.max(group.calls, value?.calls ?? 0);
    const outcome = outcomeOf(found, {
      ...{ key, variant, value, calls, limits, told },
      periods: type.compared === undefined ? null : compared.filter((one) => one.value !== null).length,
      heldSince: heldOf[i] ?? null,
      before: beforeOf(key),
    });
    return {
      ...{ key, variant, value, calls, firing, outcome, told },
      window: observation?.window ?? windowOfRule(rule, at, zone),
      severity: firing === null || isPending ? null : topStep(firing).severity,
      limits: limits?.steps ?? [],
      band: observation === null ? null : (type.band?.(rule, observation) ?? null),
      periods: compared,
      silences: silencesOf(parts, at, group),
      split: splitOf(group),
    };
  });
}

function silencesOf(parts: ExplainParts, at: number, group: Candidate): GroupAnswer['silences'] {
  const { rule, silences, incidentOf } = parts;
  const incident = incidentOf?.(rule, {
    key: group.key,
    ...(group.variant !== undefined && { variant: group.variant }),
  });
  return silences
    .filter((silence) => silenceOf(rule, group.key, at, [silence], incident ?? null) !== null)
    .map((silence) => ({ silence, until: spanAt(silence.times, at)?.until ?? at }));
}

async function periods(
  parts: ExplainParts,
  at: number,
  groups: readonly Candidate[],
): Promise<(group: Candidate) => readonly ComparedPeriod[]> {
  const { rule, zone } = parts;
  const type = ruleTypeOf(rule);
  if (type.compared === undefined) return () => [];
  const where = narrowedToJudge(rule, keysOf(groups));
  const answers = await ask(askableOf(parts), queriesAt({ ...rule, where }, zone, at), at);
  const series = answers.filter((one): one is Series => !(one instanceof Error));
  if (series.length < answers.length) return () => [];
  const context = { at: judgedAsOf(rule, at), zone };
  return ({ key, observation }) =>
    type.compared?.(rule, context, series, {
      key,
      window: observation?.window ?? windowOfRule(rule, at, zone),
    }) ?? [];
}

/** The value of the whole calendar window before the one of the instant. */
async function windowsBefore(
  parts: ExplainParts,
  at: number,
  groups: readonly Candidate[],
): Promise<(key: GroupKey) => Sample | null> {
  const { rule, zone } = parts;
  const { window, metric, errors, groupBy, quantity } = rule;
  if (window.kind === 'rolling' || quantity !== undefined) return () => null;
  const windows = [windowAt(window, windowOfRule(rule, at, zone).from, zone)];
  const where = narrowedWhere(rule, keysOf(groups));
  const [answer] = await ask(
    askableOf(parts),
    [{ measures: measuresOf(metric, errors), where, groupBy, windows }],
    at,
  );
  if (answer === undefined || answer instanceof Error) return () => null;
  return (key) => {
    const group = groupIn(answer, key);
    return sampleOf(metric, errors, group < 0 ? null : answer.cell(group, 0));
  };
}

async function splits(
  parts: ExplainParts,
  at: number,
  groups: readonly Candidate[],
): Promise<(group: Candidate) => GroupSplit | null> {
  const { rule, zone } = parts;
  const changeOf = ({ observation }: Candidate) =>
    splitWindows(rule, observation?.window ?? windowOfRule(rule, at, zone), zone);
  const changes = groups.map(changeOf).filter((change) => change !== null);
  if (changes.length === 0) return () => null;
  const query = splitQuery(rule, narrowedWhere(rule, keysOf(groups)), changes, parts.dimensions);
  const [answer] = await ask(askableOf(parts), [query], at);
  if (answer === undefined || answer instanceof Error) return () => null;
  const split = splitsIn(answer, query, rule.groupBy.length);
  return (group) => {
    const change = changeOf(group);
    return change === null ? null : split(group.key, change);
  };
}

/** Since when the conditions of pending groups hold; null for every other group. */
async function heldSince(
  parts: ExplainParts,
  at: number,
  groups: readonly Candidate[],
): Promise<(number | null)[]> {
  const { rule, zone, schedule } = parts;
  const pending = groups.filter(({ isPending }) => isPending);
  if (pending.length === 0) return [];
  const questions = pending.map(({ key, variant, firing }) => {
    const { severity } = topStep(firing as NonNullable<Candidate['firing']>);
    return { key, variant, severity, at, quietAt: null };
  });
  // A dip begins `for` anew, however short.
  const since = await firstHeld(
    askableOf(parts),
    zone,
    schedule,
    { ...rule, resolveAfterMs: 0 },
    questions,
  ).catch(() => []);
  return groups.map((group) => since[pending.indexOf(group)] ?? null);
}

function keysOf(groups: readonly Candidate[]): GroupKey[] {
  return groups.map(({ key }) => key);
}
