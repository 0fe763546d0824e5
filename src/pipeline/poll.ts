// Start here. The steps of a poll: assign, evaluate, dedupe, announce, record.

import type { NewDelivery } from '../model/delivery.ts';
import { type AppError, asAppError } from '../model/errors.ts';
import type { Judgement } from '../model/finding.ts';
import type { EpisodeChanges } from '../model/notification.ts';
import type { Rule } from '../model/rule.ts';
import type { Schedule } from '../model/schedule.ts';
import { EXPLAINED_WITHIN_MS } from '../model/unexplained-text.ts';
import type { RuleState } from '../state/ledger.ts';
import type { Recording } from '../state/record.ts';
import { announce } from './announce.ts';
import { evaluateInSlices } from './catch-up.ts';
import type { Source } from './collect.ts';
import type { AlertNotification, Verdict } from './decide.ts';
import { type Decided, dedupe } from './dedupe.ts';
import type { Evaluation } from './evaluate.ts';
import { type Assignment, evaluationTimeOf, type Outcome } from './evaluate-rules.ts';
import { limitedReads } from './limited-reads.ts';
import type { PollParts, PollUnderWay } from './parts.ts';
import { silencedAt } from './silenced-incidents.ts';

/** The result of one rule in a poll. */
export interface PolledRule {
  readonly rule: Rule;
  /** At the latest evaluation time; null where the rule failed. */
  readonly latest: Judgement | null;
  /** Those that were recorded and that nobody had recorded before, in order. */
  readonly evaluations: readonly Evaluation[];
  readonly verdicts: readonly Verdict[];
  readonly error: AppError | null;
}

/** What happened in a poll; the shell logs and counts it. */
export interface PollReport {
  readonly at: number;
  readonly newestRow: number | null;
  readonly rowsRead: number;
  readonly rules: readonly PolledRule[];
  /** The deliveries that this poll queued. */
  readonly queued: readonly NewDelivery[];
  /** Why the poll failed: the store is unreachable, or the first rule that failed. */
  readonly error: AppError | null;
}

/** Missed evaluation times further back than this are dropped. */
const CATCH_UP_MS = 24 * 60 * 60_000;
/**
 * On a schedule finer than a minute, every missed time this far back is evaluated, and only whole minutes beyond: a night of
 * seconds would be a hundred thousand windows per rule.
 */
const TO_THE_SECOND_MS = 10 * 60_000;
/** One round for each source, and more for rules that another process recorded first. */
const MORE_ROUNDS = 2;
/** How long a poll reads the past into sums for rules that they cannot answer yet: as long as a statement may take. */
const BACKFILL_MS = 60_000;

/**
 * One poll as of a scheduled evaluation time. Every rule is evaluated at all scheduled times since its watermark;
 * notifications are recorded and their deliveries queued in one transaction. Rules that kept sums cannot answer yet follow
 * in another transaction, so that the others need not wait while months are read for them. Nothing is sent here. Never
 * throws: errors are in the report, and the next poll catches up. `onlyLatest` evaluates the given time alone and leaves the
 * watermarks to the worker, which catches up on what it missed (`check --notify`).
 */
export async function poll(
  parts: PollParts,
  at: number,
  now: () => number,
  options: { readonly onlyLatest?: boolean } = {},
): Promise<PollReport> {
  let report: PollReport = { at, newestRow: null, rowsRead: 0, rules: [], queued: [], error: null };
  let rules = parts.rules;
  const source = parts.source;
  const underWay: PollUnderWay = {
    ...parts,
    explaining: {
      ...limitedReads(parts.store, EXPLAINED_WITHIN_MS),
      ...(source.known && { known: source.known }),
    },
    dating: limitedReads(parts.store, EXPLAINED_WITHIN_MS),
  };
  try {
    // A missed evaluation time is silenced by what was silent then.
    const stored = await parts.state.readSilences(at - CATCH_UP_MS, at);
    const silences = [...parts.silences, ...stored];
    for (let round = 0; round < 3 + MORE_ROUNDS && (round === 0 || rules.length > 0); round += 1) {
      // Kept sums serve all rules in the first round. What they lack is read for rules that are left, and these ask the
      // store itself when that takes too long.
      const asked = sourceOf(round, source, parts.store, report.newestRow);
      const polled = await pollOnce(
        { ...underWay, silences, source: asked },
        rules,
        at,
        now,
        options.onlyLatest ?? false,
      );
      report = joined(report, polled.report);
      rules = polled.left;
    }
    return report;
  } catch (error) {
    const fault = asAppError(error, 'poll_failed');
    const withFault = (polled: PolledRule): PolledRule =>
      rules.includes(polled.rule) ? { ...polled, evaluations: [], error: fault } : polled;
    return { ...report, rules: report.rules.map(withFault), error: fault };
  }
}

async function pollOnce(
  parts: PollUnderWay,
  rules: readonly Rule[],
  at: number,
  now: () => number,
  onlyLatest: boolean,
): Promise<{ report: PollReport; left: Rule[] }> {
  const fingerprintOf = (rule: Rule): string => parts.fingerprints.get(rule.name) ?? rule.name;
  const states = await parts.state.readRuleStates(rules.map(fingerprintOf));
  const ruleStates = onlyLatest ? withoutGoneWorkers(states, at) : states;
  const lastOf = (rule: Rule): number | null => ruleStates.get(fingerprintOf(rule))?.watermark ?? null;

  const due = rules.map((rule) => assignmentOf(rule, onlyLatest ? null : lastOf(rule), at, parts.schedule));
  const { newestRow, rowsRead, outcomes } = await evaluateInSlices(parts.source, parts.zone, due, at);
  const assignments = due.map((one, i) => judgedOf(one, outcomes[i]));
  const judgedTo = new Map(assignments.map(({ rule, times }) => [rule, times.at(-1)?.at ?? at]));
  const decisions = await dedupe(parts, assignments, outcomes, fingerprintOf, ruleStates, {
    at,
    newestRow,
  });
  const announced = await announce(parts, decisions, { at, newestRow, now, gathers: !onlyLatest });
  const failed = new Map<Rule, AppError>();
  const recordings = decisions.flatMap(
    ({ rule, decision, joining, error }, i): Recording<AlertNotification>[] => {
      const closings = error ?? announced.closings[i] ?? [];
      if (closings instanceof Error) {
        failed.set(rule, closings);
        return [];
      }
      const before = lastOf(rule);
      return [
        {
          fingerprint: fingerprintOf(rule),
          rule: rule.name,
          watermark: onlyLatest ? null : { before, at: judgedTo.get(rule) ?? at },
          // A worker that watches the rule has yet to evaluate the times in between. It begins and ends the episodes then.
          ...(onlyLatest && before !== null
            ? { episodes: UNCHANGED }
            : { episodes: decision.episodes, closings }),
          joining,
          silenced: silencedAt(decision, at),
          batches: decision.notifications.map((notifications) => ({ notifications })),
        },
      ];
    },
  );
  const recorded = await parts.state.record(recordings, now(), { incidents: announced.plan });
  for (const { rule } of decisions) {
    const fault = recorded.failed.get(fingerprintOf(rule));
    if (fault !== undefined) failed.set(rule, fault);
  }

  const isNew = (rule: Rule, { at: time }: Evaluation): boolean =>
    !recorded.overtaken.includes(fingerprintOf(rule)) && time > (lastOf(rule) ?? Number.NEGATIVE_INFINITY);
  const polled = polledRules(outcomes, decisions, failed, isNew);
  const error = polled.find((one) => one.error !== null)?.error ?? null;
  return {
    report: { at, newestRow, rowsRead, rules: polled, queued: recorded.queued, error },
    left: outcomes
      .filter(({ rule, isOpen }) => isOpen || recorded.overtaken.includes(fingerprintOf(rule)))
      .map(({ rule }) => rule),
  };
}

/** No worker catches up with more than a day: one that has not polled for as long leaves the ends of alerts to checks. */
function withoutGoneWorkers(
  states: ReadonlyMap<string, RuleState>,
  at: number,
): ReadonlyMap<string, RuleState> {
  return new Map(
    [...states].map(([name, state]) => {
      const isGone = state.watermark !== null && at - state.watermark > CATCH_UP_MS;
      return [name, isGone ? { ...state, watermark: null } : state];
    }),
  );
}

function sourceOf(round: number, source: Source, store: Source, newestRow: number | null): Source {
  const { backfill, known } = source;
  if (round === 0) return source;
  if (round > 1 || backfill === undefined || known === undefined) return store;
  return {
    read: store.read,
    ...(source.costPlace !== undefined && { costPlace: source.costPlace }),
    async refresh(queries, before) {
      await backfill(BACKFILL_MS);
      return { newestRow, rowsRead: 0, series: known(queries, before) };
    },
  };
}

const UNCHANGED: EpisodeChanges = { begun: [], ended: [] };

/** All scheduled times since the watermark; `at` alone for a rule without one, and after a clock was set back. */
function assignmentOf(rule: Rule, last: number | null, at: number, schedule: Schedule): Assignment {
  const missed = last === null ? [] : missedInstants(schedule, Math.max(last + 1, at - CATCH_UP_MS), at);
  return { rule, times: [...missed, at].map((instant) => evaluationTimeOf(rule, instant, schedule)) };
}

/** The times that were evaluated. The last ones are left to the next poll where too many groups fired before them. */
function judgedOf(assignment: Assignment, outcome: Outcome | undefined): Assignment {
  const count = outcome?.evaluations.length ?? 0;
  return count === 0 ? assignment : { ...assignment, times: assignment.times.slice(0, count) };
}

function missedInstants(schedule: Schedule, from: number, to: number): number[] {
  const young = Math.max(from, to - TO_THE_SECOND_MS);
  return [...schedule.instants(from, young), ...schedule.everyInstant(young, to)];
}

function polledRules(
  outcomes: readonly Outcome[],
  decisions: readonly Decided[],
  failed: ReadonlyMap<Rule, AppError>,
  isNew: (rule: Rule, evaluation: Evaluation) => boolean,
): PolledRule[] {
  const verdicts = new Map(decisions.map(({ rule, decision }) => [rule.name, decision.verdicts]));
  return outcomes.map(({ rule, evaluations, error }) => {
    const fault = error ?? failed.get(rule) ?? null;
    return {
      rule,
      latest: fault === null ? (evaluations.at(-1)?.judgement ?? null) : null,
      evaluations: fault === null ? evaluations.filter((one) => isNew(rule, one)) : [],
      verdicts: fault === null ? (verdicts.get(rule.name) ?? []) : [],
      error: fault,
    };
  });
}

/** A later round replaces what an earlier one reported of the same rules. */
function joined(earlier: PollReport, later: PollReport): PollReport {
  const again = new Map(later.rules.map((polled) => [polled.rule.name, polled]));
  const rules =
    earlier.rules.length === 0 ? later.rules : earlier.rules.map((one) => again.get(one.rule.name) ?? one);
  return {
    ...later,
    rules,
    rowsRead: earlier.rowsRead + later.rowsRead,
    queued: [...earlier.queued, ...later.queued],
    error: earlier.error ?? later.error,
  };
}
