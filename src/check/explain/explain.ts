// Asks why a rule fires or does not at one instant: evaluates and decides as a poll would, and changes nothing.

import { type AppError, asAppError, sentenceOf } from '../../model/errors.ts';
import { ONE } from '../../model/money.ts';
import type { Rule } from '../../model/rule.ts';
import type { Query, Series } from '../../model/series.ts';
import { windowOfRule } from '../../model/window.ts';
import { NOTHING_TO_NOTIFY } from '../../pipeline/decide.ts';
import { dedupe } from '../../pipeline/dedupe.ts';
import { evaluationTimeOf, type Outcome } from '../../pipeline/evaluate-rules.ts';
import type { DecidingParts } from '../../pipeline/parts.ts';
import type { StateReader } from '../../state/open.ts';
import { evaluated } from '../check.ts';
import type { Answer } from './answer.ts';
import { askableOf } from './asking.ts';
import { groupAnswers } from './details.ts';
import { candidatesOf } from './groups.ts';
import type { ExplainParts, GroupCalls, Known, LedgerReader, WantedGroups } from './parts.ts';

const DAY = 86_400_000;
const EVERYTHING: WantedGroups = { key: null, fits: () => true };
/** As long as the longest dedupe period. */
const TOLD_BACK_MS = 32 * DAY;

/** Throws the store's AppError when nothing could be read. A ledger that cannot be read is said in the answer. */
export async function explainOnce(parts: ExplainParts, at: number): Promise<Answer> {
  const { rule, zone } = parts;
  const { newestRow, outcomes, beside } = await evaluated(
    { ...parts, rules: [rule] },
    [callsQuery(rule, at, zone)],
    at,
  );
  const outcome = outcomes[0] as Outcome;
  const calls = beside[0] as Series | AppError;
  const nothing = {
    rule,
    at,
    zone,
    newestRow,
    kept: null,
    ledgerTrouble: null,
    known: 0,
    firing: 0,
    calls: 0,
  };
  const evaluation = outcome.evaluations[0];
  const fault = outcome.error ?? (calls instanceof Error ? calls : null);
  if (fault !== null || evaluation === undefined || calls instanceof Error)
    return {
      ...nothing,
      status: 'error',
      groups: [],
      error: sentenceOf(fault ?? asAppError(fault, 'rule_failed')),
    };
  const known = await decided(parts, outcome, at, newestRow);
  const callsOf = callsIn(calls);
  const candidates = candidatesOf({
    ...known,
    rule,
    evaluation,
    at,
    zone,
    callsOf,
    wanted: parts.wanted ?? EVERYTHING,
  });
  const found = { rule, zone, at, evaluation, decision: known.decision, episodes: known.before.episodes };
  return {
    ...nothing,
    status: evaluation.judgement.status,
    groups: await groupAnswers(parts, found, candidates.shown),
    known: candidates.count,
    firing: evaluation.judgement.firing.filter(({ key }) => parts.wanted?.fits(key) ?? true).length,
    calls: [...callsOf.values()].reduce((sum, one) => sum + one.calls, 0),
    ledgerTrouble: known.trouble,
    error: null,
  };
}

async function decided(
  parts: ExplainParts,
  outcome: Outcome,
  at: number,
  newestRow: number | null,
): Promise<Known> {
  const { ledger } = parts;
  try {
    return await decidedBy(parts, ledger?.state ?? NOTHING_KEPT, ledger, { outcome, at, newestRow });
  } catch (error) {
    if (ledger === null) throw error;
    const trouble = sentenceOf(asAppError(error, 'state_unreadable'));
    return { ...(await decidedBy(parts, NOTHING_KEPT, null, { outcome, at, newestRow })), trouble };
  }
}

async function decidedBy(
  parts: ExplainParts,
  state: StateReader,
  ledger: LedgerReader | null,
  {
    outcome,
    at,
    newestRow,
  }: { readonly outcome: Outcome; readonly at: number; readonly newestRow: number | null },
): Promise<Known> {
  const { rule, fingerprint } = parts;
  const asking = askableOf(parts);
  const deciding: DecidingParts = {
    ...parts,
    state,
    explaining: asking,
    dating: asking,
  };
  const states = await state.readRuleStates([fingerprint]);
  const assignment = { rule, times: [evaluationTimeOf(rule, at, parts.schedule)] };
  const [found] = await dedupe(deciding, [assignment], [outcome], () => fingerprint, states, {
    at,
    newestRow,
  });
  if (found !== undefined && found.error !== null) throw found.error;
  return {
    decision: found?.decision ?? NOTHING_TO_NOTIFY,
    before: states.get(fingerprint) ?? { watermark: null, episodes: [] },
    told: (await ledger?.told(at - TOLD_BACK_MS, at)) ?? [],
    trouble: null,
  };
}

/** Nothing was told, and nothing is known to hold. */
const NOTHING_KEPT: StateReader = {
  readSilences: async () => [],
  readRuleStates: async () => new Map(),
  readNotified: async () => new Map(),
  readAlertsOf: async () => new Map(),
  readIncidentsToJoin: async (asked) => asked.map(() => null),
};

/** The calls of each group, also of those that the rule does not judge. */
function callsQuery(rule: Rule, at: number, zone: string): Query {
  const { where, groupBy } = rule;
  return { measures: ['calls'], where, groupBy, windows: [windowOfRule(rule, at, zone)] };
}

/** By the group's key as JSON; groups with calls only. */
function callsIn(series: Series): Map<string, GroupCalls> {
  const found = new Map<string, GroupCalls>();
  for (const [group, key] of series.keys.entries()) {
    const calls = Number((series.cell(group, 0)?.sums.calls ?? 0n) / ONE);
    if (calls > 0) found.set(JSON.stringify(key), { key, calls });
  }
  return found;
}
