// Tracks since when each group has held each step (pure).

import type { Reached, ReachedStep } from '../model/finding.ts';
import { groupId } from '../model/fingerprint.ts';
import type { Episode, EpisodeChanges, Notified } from '../model/notification.ts';
import { type Severity, stepOf } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import type { Evaluation, EvaluationTime } from './evaluate.ts';

/** A step that a group holds at the first evaluation time, unknown to the ledger. The data must tell since when. */
export interface UnknownBeginning {
  readonly groupId: string;
  readonly key: GroupKey;
  readonly severity: Severity;
  readonly at: number;
}

/** What is known of a rule's episodes before its first evaluation time. */
export interface EpisodesBefore {
  /** The first evaluation time, ms. */
  readonly first: number;
  /**
   * The evaluation time up to which the ledger has followed the episodes: a group without one did not fire then. Null unless
   * it lies before the first evaluation time.
   */
  readonly knownTo: number | null;
  readonly recorded: readonly Episode[];
  /** Found from the data for groups that the ledger lacks. */
  readonly computed: readonly Episode[];
  /**
   * By group, when its notified episodes began. Another poll may have notified one, such as a check at a time that no worker
   * polls. If it began after the group was last known not to fire, it is the same episode.
   */
  readonly notified: ReadonlyMap<string, readonly number[]>;
}

/** Tracks, from one evaluation time to the next, since when each group has held each step. */
export class EpisodeTracker {
  readonly #recorded: readonly Episode[];
  readonly #notified: ReadonlyMap<string, readonly number[]>;
  readonly #knownTo: number | null;
  readonly #open = new Map<string, Since[]>();
  /** Whether the open episodes may differ from the ledger. Mostly they do not, even where very many groups are over a limit. */
  #differs: boolean;
  /** Since which evaluation time each step is reached, regardless of `for`; null: since the first one or longer. */
  #reachedSince = new Map<string, number | null>();
  /** The previous evaluation time. A group that did not fire then has begun since. */
  #previous: number | null = null;

  /** Recorded episodes that begin after the first evaluation time belong to a later time, and are ignored. */
  constructor({ first, knownTo, recorded, computed, notified }: EpisodesBefore) {
    this.#recorded = recorded;
    this.#notified = notified;
    this.#knownTo = knownTo;
    this.#differs = computed.length > 0;
    for (const { groupId: id, step, since } of computed) {
      if (since <= first) stepsIn(this.#open, id)[step] = this.#notifiedWithin(id, since, first) ?? since;
    }
    for (const { groupId: id, step, since } of recorded) {
      if (since <= first) stepsIn(this.#open, id)[step] = since;
      else this.#differs = true;
    }
  }

  /** Must be called for every evaluation time, in ascending order. */
  advance(time: EvaluationTime, { judgement, reached = judgement.firing }: Evaluation): void {
    if (time.earlier.length > 0) this.#follow(reached, time.at);
    const firing = new Map(judgement.firing.map(({ key, steps }) => [groupId(key), steps]));
    this.#end(firing);
    this.#begin(firing, time);
    this.#previous = time.at;
  }

  /** Since when a group has held a step that it holds at the latest evaluation time. */
  since(id: string, severity: Severity): number {
    const since = this.#open.get(id)?.[stepOf(severity)] ?? null;
    if (since === null) throw new RangeError('the step does not hold at the latest evaluation time');
    return since;
  }

  /** How the open episodes now differ from the ledger. */
  changes(): EpisodeChanges {
    if (!this.#differs) return { begun: [], ended: [] };
    const before = new Map<string, Since[]>();
    for (const { groupId: id, step, since } of this.#recorded) stepsIn(before, id)[step] = since;
    const begun: Episode[] = [];
    for (const [id, steps] of this.#open) {
      const known = before.get(id);
      steps.forEach((since, step) => {
        if (since !== null && known?.[step] !== since) begun.push({ groupId: id, step, since });
      });
    }
    const ended = this.#recorded.filter(
      ({ groupId: id, step }) => (this.#open.get(id)?.[step] ?? null) === null,
    );
    return { begun, ended: ended.map(({ groupId: id, step }) => ({ groupId: id, step })) };
  }

  #follow(reached: readonly Reached[], at: number): void {
    const now = new Map<string, number | null>();
    for (const { key, steps } of reached) {
      for (const { severity } of steps) {
        const name = keyOf(groupId(key), stepOf(severity));
        const known = this.#reachedSince.get(name);
        now.set(name, known === undefined && this.#previous !== null ? at : (known ?? null));
      }
    }
    this.#reachedSince = now;
  }

  /** Ends the episodes of groups and steps that do not fire any more. */
  #end(firing: ReadonlyMap<string, readonly ReachedStep[]>): void {
    for (const [id, held] of this.#open) {
      const steps = firing.get(id);
      if (steps === undefined) {
        this.#differs = true;
        this.#open.delete(id);
        continue;
      }
      for (let step = 1; step < held.length; step += 1) {
        if (held[step] === null || steps.some(({ severity }) => stepOf(severity) === step)) continue;
        this.#differs = true;
        held[step] = null;
      }
    }
  }

  /** Begins episodes of groups and steps that fire and have none. */
  #begin(firing: ReadonlyMap<string, readonly ReachedStep[]>, { at, earlier }: EvaluationTime): void {
    // With `for`, the group has held at all of `earlier`, so its episode begins at the first of them.
    const held = earlier[0] ?? null;
    const quietAt = this.#previous ?? this.#knownTo;
    for (const [id, reached] of firing) {
      const steps = stepsIn(this.#open, id);
      for (const { severity } of reached) {
        const step = stepOf(severity);
        if (steps[step] !== null) continue;
        this.#differs = true;
        const since = held === null ? at : Math.max(held, this.#reachedSince.get(keyOf(id, step)) ?? held);
        const from = held !== null || quietAt === null ? since : quietAt + 1;
        steps[step] = this.#notifiedWithin(id, from, at) ?? since;
      }
    }
  }

  #notifiedWithin(id: string, from: number, to: number): number | null {
    const within = (this.#notified.get(id) ?? []).filter((began) => began >= from && began <= to);
    return within.length === 0 ? null : within.reduce((a, b) => Math.max(a, b));
  }
}

/**
 * The steps that fire at the first evaluation time and are not in the ledger. If the time before it was not polled (a new
 * rule, a first start, an outage), they may have held for longer.
 */
export function unknownBeginnings(
  first: Evaluation | undefined,
  recorded: readonly Episode[],
): UnknownBeginning[] {
  if (first === undefined) return [];
  const known = new Set(
    recorded.filter(({ since }) => since <= first.at).map(({ groupId: id, step }) => keyOf(id, step)),
  );
  return first.judgement.firing.flatMap(({ key, steps }) => {
    const id = groupId(key);
    return steps
      .filter(({ severity }) => !known.has(keyOf(id, stepOf(severity))))
      .map(({ severity }) => ({ groupId: id, key, severity, at: first.at }));
  });
}

const EPISODE = 'episode/';

/** By group, when its notified episodes began. */
export function beginningsNotified(notified: readonly Notified[]): Map<string, number[]> {
  const beginnings = new Map<string, number[]>();
  for (const { groupId: id, period } of notified) {
    if (!period.startsWith(EPISODE)) continue;
    const began = Date.parse(period.slice(EPISODE.length));
    beginnings.set(id, [...(beginnings.get(id) ?? []), began]);
  }
  return beginnings;
}

/** Since when a group has held a step, by `stepOf`; null where it does not. An array, as there may be half a million. */
type Since = number | null;

function stepsIn(groups: Map<string, Since[]>, id: string): Since[] {
  const known = groups.get(id);
  if (known !== undefined) return known;
  const steps: Since[] = [null, null, null, null];
  groups.set(id, steps);
  return steps;
}

function keyOf(id: string, step: number): string {
  return `${id}/${step}`;
}
