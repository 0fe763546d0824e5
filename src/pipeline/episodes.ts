// Tracks since when each group has held each step, and when its alert is over (pure).

import type { Judgement, Reached, ReachedStep } from '../model/finding.ts';
import { groupId } from '../model/fingerprint.ts';
import type { Closing, Episode, EpisodeChanges } from '../model/notification.ts';
import { type Rule, type Severity, stepOf } from '../model/rule.ts';
import { windowOfRule } from '../model/window.ts';
import type { Evaluation, EvaluationTime } from './evaluate.ts';
import { endingAt, seenAt } from './missing-data.ts';
import { notifiedWithin } from './notified-episodes.ts';

/** What is known of a rule's episodes before its first evaluation time. */
export interface EpisodesBefore {
  readonly rule: Rule;
  readonly zone: string;
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
  /** The time of the newest row, ms; null for a store without rows. */
  readonly newestRow: number | null;
}

type Held = Omit<Episode, 'groupId' | 'step'>;
/** A group's episodes by `stepOf`; null for a step that is not held. An array, as there may be half a million. */
type Steps = (Held | null)[];

/** Without data for this long, an alert ends. */
const NO_DATA_MS = 24 * 3_600_000;

/** Tracks, from one evaluation time to the next, since when each group has held each step. */
export class EpisodeTracker {
  readonly #before: EpisodesBefore;
  readonly #open = new Map<string, Steps>();
  readonly #closings = new Map<string, Closing>();
  /** Whether the open episodes may differ from the ledger. Mostly they do not, even where very many groups are over a limit. */
  #differs: boolean;
  /** Since which evaluation time each step is reached, regardless of `for`; null: since the first one or longer. */
  #reachedSince = new Map<string, number | null>();
  /** The previous evaluation time. A group that did not fire then has begun since. */
  #previous: number | null = null;

  /** Recorded episodes that begin after the first evaluation time belong to a later time, and are ignored. */
  constructor(before: EpisodesBefore) {
    this.#before = before;
    const { first, recorded, computed, notified } = before;
    this.#differs = computed.length > 0;
    for (const { groupId: id, step, since } of computed) {
      const from = notifiedWithin(notified, id, since, first) ?? since;
      stepsIn(this.#open, id)[step] = heldSince(from, from);
    }
    for (const episode of recorded) {
      const { groupId: id, step, since, began, heldTo } = episode;
      if (since > first || (heldTo !== null && heldTo >= first)) this.#differs = true;
      if (since > first) continue;
      const steps = stepsIn(this.#open, id);
      // One that has only paused was looked up in the data, too.
      const resumed = heldTo === null ? null : (steps[step] ?? null);
      if (resumed !== null) steps[step] = heldSince(since, resumed.began);
      else steps[step] = heldTo === null || heldTo < first ? episode : heldSince(since, began);
    }
  }

  /** Must be called for every evaluation time, in ascending order. */
  advance(time: EvaluationTime, { judgement, reached = judgement.firing }: Evaluation): void {
    if (time.earlier.length > 0) this.#follow(reached, time.at);
    const firing = new Map(judgement.firing.map(({ key, variant, steps }) => [groupId(key, variant), steps]));
    this.#quieten(firing, time.at, judgement);
    this.#begin(firing, time);
    this.#previous = time.at;
  }

  /** Since when a group has held a step that it holds at the latest evaluation time; short dips are ignored. */
  since(id: string, severity: Severity): number {
    return this.#heldNow(id, severity).since;
  }

  /** The same, without any break. */
  began(id: string, severity: Severity): number {
    return this.#heldNow(id, severity).began;
  }

  /** The groups that were over at some evaluation time and have not fired again since. */
  closings(): Closing[] {
    return [...this.#closings.values()];
  }

  /** How the open episodes now differ from the ledger. */
  changes(): EpisodeChanges {
    if (!this.#differs) return { begun: [], ended: [] };
    const before = new Map<string, Steps>();
    for (const episode of this.#before.recorded) stepsIn(before, episode.groupId)[episode.step] = episode;
    const begun: Episode[] = [];
    for (const [id, steps] of this.#open) {
      const known = before.get(id);
      steps.forEach((held, step) => {
        if (held !== null && !isSame(held, known?.[step] ?? null))
          begun.push({ groupId: id, step, ...heldOf(held) });
      });
    }
    const ended = this.#before.recorded.filter(
      ({ groupId: id, step }) => (this.#open.get(id)?.[step] ?? null) === null,
    );
    return { begun, ended: ended.map(({ groupId: id, step }) => ({ groupId: id, step })) };
  }

  #heldNow(id: string, severity: Severity): Held {
    const held = this.#open.get(id)?.[stepOf(severity)] ?? null;
    if (held === null || held.heldTo !== null)
      throw new RangeError('the step does not hold at the latest evaluation time');
    return held;
  }

  #follow(reached: readonly Reached[], at: number): void {
    const now = new Map<string, number | null>();
    for (const { key, variant, steps } of reached) {
      for (const { severity } of steps) {
        const name = keyOf(groupId(key, variant), stepOf(severity));
        const known = this.#reachedSince.get(name);
        now.set(name, known === undefined && this.#previous !== null ? at : (known ?? null));
      }
    }
    this.#reachedSince = now;
  }

  /** Marks steps that do not fire any more, and drops those that have not fired for as long as `resolve_after`. */
  #quieten(firing: ReadonlyMap<string, readonly ReachedStep[]>, at: number, judgement: Judgement): void {
    const { rule, newestRow } = this.#before;
    const isSeen = seenAt(rule, judgement, newestRow);
    const endingOf = endingAt(rule, judgement);
    for (const [id, steps] of this.#open) {
      const fires = firing.get(id);
      let lastQuiet: number | null = null;
      let how: Closing['how'] = 'resolved';
      steps.forEach((held, step) => {
        if (held === null || fires?.some(({ severity }) => stepOf(severity) === step)) return;
        const end = this.#endOf(held, at, (heldTo) => fires !== undefined || isSeen(id, heldTo));
        if (end === held) return;
        this.#differs = true;
        steps[step] = typeof end === 'string' ? null : end;
        if (typeof end !== 'string') return;
        how = end === 'resolved' ? endingOf(id) : end;
        lastQuiet = Math.max(lastQuiet ?? 0, held.quietSince ?? at);
      });
      if (lastQuiet === null || steps.some((held) => held !== null)) continue;
      this.#open.delete(id);
      this.#closings.set(id, { groupId: id, how, at: lastQuiet });
    }
  }

  /** What becomes of a step that does not fire: it stays as it is, is marked as quiet, or is over. */
  #endOf(held: Held, at: number, isSeen: (heldTo: number) => boolean): Held | Closing['how'] {
    const { rule, zone, knownTo } = this.#before;
    // Where the time before is not known, it held until now.
    const heldTo = held.heldTo ?? this.#previous ?? knownTo ?? at - 1;
    const isOfEarlierPeriod =
      rule.window.kind === 'calendar' &&
      windowOfRule(rule, heldTo, zone).from !== windowOfRule(rule, at, zone).from;
    if (isOfEarlierPeriod) return 'ended';
    if (!isSeen(heldTo)) {
      const unseenSince = held.unseenSince ?? at;
      return at - unseenSince >= NO_DATA_MS ? 'ended' : changed(held, { heldTo, unseenSince });
    }
    if (at - heldTo > rule.resolveAfterMs) return 'resolved';
    return changed(held, { heldTo, quietSince: held.quietSince ?? at, unseenSince: null });
  }

  /** Begins episodes of groups and steps that fire and have none, and resumes those that were quiet for a short time. */
  #begin(firing: ReadonlyMap<string, readonly ReachedStep[]>, { at, earlier }: EvaluationTime): void {
    // With `for`, the group has held at all of `earlier`, so its episode begins at the first of them.
    const first = earlier[0] ?? null;
    const quietAt = this.#previous ?? this.#before.knownTo;
    for (const [id, reached] of firing) {
      this.#closings.delete(id);
      const steps = stepsIn(this.#open, id);
      for (const { severity } of reached) {
        const step = stepOf(severity);
        const held = steps[step] ?? null;
        if (held !== null && held.heldTo === null) continue;
        this.#differs = true;
        const since = first === null ? at : Math.max(first, this.#reachedSince.get(keyOf(id, step)) ?? first);
        const from = first !== null || quietAt === null ? since : quietAt + 1;
        const began = notifiedWithin(this.#before.notified, id, from, at) ?? since;
        steps[step] = heldSince(held?.since ?? began, began);
      }
    }
  }
}

function stepsIn(groups: Map<string, Steps>, id: string): Steps {
  const known = groups.get(id);
  if (known !== undefined) return known;
  const steps: Steps = [null, null, null, null];
  groups.set(id, steps);
  return steps;
}

function heldSince(since: number, began: number): Held {
  return { since, began, heldTo: null, quietSince: null, unseenSince: null };
}

function heldOf({ since, began, heldTo, quietSince, unseenSince }: Held): Held {
  return { since, began, heldTo, quietSince, unseenSince };
}

/** The same object where nothing changes. */
function changed(held: Held, changes: Partial<Held>): Held {
  const after = { ...heldOf(held), ...changes };
  return isSame(held, after) ? held : after;
}

function isSame(a: Held, b: Held | null): boolean {
  return (
    b !== null &&
    a.since === b.since &&
    a.began === b.began &&
    a.heldTo === b.heldTo &&
    a.quietSince === b.quietSince &&
    a.unseenSince === b.unseenSince
  );
}

function keyOf(id: string, step: number): string {
  return `${id}/${step}`;
}
