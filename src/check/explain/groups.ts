// Which groups of a rule an answer is about, worst first (pure).

import type { Firing } from '../../model/finding.ts';
import { groupId } from '../../model/fingerprint.ts';
import type { Observation } from '../../model/observation.ts';
import type { Rule } from '../../model/rule.ts';
import type { GroupKey } from '../../model/series.ts';
import { dedupeKey, periodTogether } from '../../model/window.ts';
import type { Evaluation } from '../../pipeline/evaluate.ts';
import type { Told } from '../../state/told.ts';
import type { GroupCalls, Known, WantedGroups } from './parts.ts';

/** A group, and what was found of it. */
export interface Candidate {
  readonly key: GroupKey;
  readonly variant?: string | undefined;
  /** Null where it was not judged. */
  readonly observation: Observation | null;
  readonly firing: Firing | null;
  readonly isPending: boolean;
  readonly calls: number;
  /** The latest first. */
  readonly told: readonly Told[];
}

interface Asked extends Known {
  readonly rule: Rule;
  readonly evaluation: Evaluation;
  readonly at: number;
  readonly zone: string;
  readonly callsOf: ReadonlyMap<string, GroupCalls>;
  readonly wanted: WantedGroups;
}

/** More than anybody reads at once. */
const SHOWN = 10;

/** What fires, what is pending, what was told in this dedupe period, the worst of the rest, and what is not judged. */
export function candidatesOf(asked: Asked): { readonly shown: readonly Candidate[]; readonly count: number } {
  const { rule, evaluation, callsOf, told, wanted } = asked;
  const { firing, observed } = evaluation.judgement;
  const found = new Map<string, Candidate>();
  const add = (
    key: GroupKey,
    more: Partial<Pick<Candidate, 'variant' | 'observation' | 'firing' | 'isPending'>> = {},
  ): void => {
    const id = groupId(key, more.variant);
    if (found.has(id) || !wanted.fits(key)) return;
    found.set(id, {
      ...{ key, observation: null, firing: null, isPending: false },
      calls: callsOf.get(JSON.stringify(key))?.calls ?? 0,
      told: told.filter((one) => one.groupId === id),
      ...more,
    });
  };
  for (const one of firing) add(one.key, { variant: one.variant, observation: one, firing: one });
  for (const one of evaluation.pending)
    add(one.key, { variant: one.variant, observation: one, firing: one, isPending: true });
  const over = new Map(overGroups(asked).map((key) => [groupId(key), key]));
  const rest: Observation[] = [];
  for (const one of observed) {
    if (found.size + rest.length >= SHOWN && over.size === 0) break;
    if (!wanted.fits(one.key)) continue;
    const id = groupId(one.key);
    if (over.has(id)) add(one.key, { observation: one });
    else if (rest.length < SHOWN) rest.push(one);
  }
  for (const key of over.values()) add(key);
  for (const one of rest) add(one.key, { observation: one });
  for (const { key } of callsOf.values()) if (found.size < SHOWN) add(key);
  if (wanted.key !== null) add(wanted.key);
  if (rule.groupBy.length === 0) add([]);
  const count = Math.max(found.size, observed.length);
  return { shown: [...found.values()].slice(0, SHOWN), count };
}

/** The groups whose alert was told in the period of the instant, or is over now. */
function overGroups({ rule, at, zone, told, decision }: Asked): GroupKey[] {
  const period = dedupeKey(rule, at, zone);
  const closed = new Set(decision.closings.map((one) => one.groupId));
  const isOfNow = (one: Told): boolean =>
    closed.has(one.groupId) || (period !== null && periodTogether(one.period) === periodTogether(period));
  return told.filter((one) => one.groupId === groupId(one.group) && isOfNow(one)).map(({ group }) => group);
}
