// Decides instant by instant, with a ledger in memory.

import type { Reached } from '../model/finding.ts';
import { groupId } from '../model/fingerprint.ts';
import type { Rule, Silence } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import { type AlertNotification, decide, type Verdict } from '../pipeline/decide.ts';
import type { Evaluation, EvaluationTime } from '../pipeline/evaluate.ts';
import { type MemoryLedger, openMemoryLedger } from './memory-ledger.ts';

/** What a replay needs to decide. */
export interface Deciding {
  /** By rule name. */
  readonly fingerprints: ReadonlyMap<string, string>;
  readonly silences: readonly Silence[];
  readonly zone: string;
}

/** The result of one rule at one instant, with the notifications that a worker would have sent. */
export interface Replayed {
  readonly rule: Rule;
  readonly evaluation: Evaluation;
  readonly verdicts: readonly Verdict[];
  readonly notifications: readonly AlertNotification[];
}

/**
 * Decides instant by instant, as a worker's polls would, with a separate ledger for each rule. Instants must come in order.
 * An instant may be left out only if nothing fires at it or at the one before it.
 */
export function openDecider({
  fingerprints,
  silences,
  zone,
}: Deciding): (rule: Rule, time: EvaluationTime, evaluation: Evaluation) => Replayed {
  const ledgers = new Map<string, MemoryLedger>();
  const decidedTo = new Map<string, number>();
  const ids = new WeakMap<GroupKey, string>();
  /** The same key objects come at every instant, so ids are cached by object. */
  const idOf = ({ key, variant }: Reached): string => {
    if (variant !== undefined) return groupId(key, variant);
    const known = ids.get(key) ?? groupId(key);
    ids.set(key, known);
    return known;
  };
  return (rule, time, evaluation) => {
    const ledger = ledgers.get(rule.name) ?? openMemoryLedger();
    ledgers.set(rule.name, ledger);
    const { firing } = evaluation.judgement;
    const knownTo = decidedTo.get(rule.name) ?? null;
    decidedTo.set(rule.name, time.at);
    const episodes = ledger.episodes();
    if (firing.length + evaluation.pending.length + episodes.length === 0) {
      return { rule, evaluation, verdicts: [], notifications: [] };
    }
    const {
      verdicts,
      notifications,
      episodes: changes,
    } = decide({
      rule,
      fingerprint: fingerprints.get(rule.name) ?? rule.name,
      zone,
      times: [time],
      evaluations: [evaluation],
      notified: ledger.notified(firing.map(idOf)),
      episodes,
      knownTo,
      // A replay does not look before its first instant: what holds there counts as begun there.
      computed: [],
      silences,
      newestRow: time.at,
    });
    return { rule, evaluation, verdicts, notifications: ledger.record(notifications.flat(), changes) };
  };
}
