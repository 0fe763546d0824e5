import { groupId } from '../model/fingerprint.ts';
import { type Severity, stepOf } from '../model/rule.ts';
import type { Episode, EpisodeChanges } from '../model/said.ts';
import type { GroupKey } from '../model/series.ts';
import type { Evaluation, Moment } from './evaluate.ts';

/** Follows, instant by instant, since when each group has held each step. */
export interface EpisodeTracker {
  /** Must be called for every scheduled instant, in ascending order. */
  advance(moment: Moment, evaluation: Evaluation): void;
  /** The ledger's name of a group. */
  idOf(key: GroupKey): string;
  /** Since when a group has held a step that it holds at the instant reached. */
  since(id: string, severity: Severity): number;
  /** What differs from the ledger by now. */
  changes(): EpisodeChanges;
}

/** A group that begins to hold a step in an unknown past: the data must tell since when. */
export interface UnknownBeginning {
  readonly groupId: string;
  readonly key: GroupKey;
  readonly severity: Severity;
  readonly at: number;
}

/**
 * `recorded` is what the ledger has; `computed` what was found from the data for groups that it lacks. Episodes that
 * begin after the first instant belong to a later time than the one that is looked at, and are passed over.
 */
export function trackEpisodes(
  first: number,
  recorded: readonly Episode[],
  computed: readonly Episode[],
): EpisodeTracker {
  const ids = new Map<string, string>();
  const open = new Map<string, Map<number, number>>();
  const before = new Map<string, Episode>();
  for (const episode of recorded) before.set(keyOf(episode.groupId, episode.step), episode);
  for (const { groupId: id, step, since } of [...computed, ...recorded]) {
    if (since <= first) stepsOf(open, id).set(step, since);
  }

  const idOf = (key: GroupKey): string => {
    const text = JSON.stringify(key);
    const known = ids.get(text);
    if (known !== undefined) return known;
    const id = groupId(key);
    ids.set(text, id);
    return id;
  };

  return {
    idOf,
    advance({ at, earlier }, { judgement }) {
      const reached = new Map(
        judgement.firing.map(({ key, steps }) => [idOf(key), steps.map(({ severity }) => stepOf(severity))]),
      );
      for (const [id, steps] of open) {
        const now = reached.get(id);
        if (now === undefined) open.delete(id);
        else for (const step of steps.keys()) if (!now.includes(step)) steps.delete(step);
      }
      // What comes through `for` has held at all the instants that it looks back on, and not before them.
      const held = earlier[0] ?? at;
      for (const [id, now] of reached) {
        const steps = stepsOf(open, id);
        for (const step of now) if (!steps.has(step)) steps.set(step, held);
      }
    },
    since(id, severity) {
      const since = open.get(id)?.get(stepOf(severity));
      if (since === undefined) throw new RangeError('asked since when a step has held that does not hold');
      return since;
    },
    changes() {
      const begun: Episode[] = [];
      const gone = new Map(before);
      for (const [id, steps] of open) {
        for (const [step, since] of steps) {
          gone.delete(keyOf(id, step));
          if (before.get(keyOf(id, step))?.since !== since) begun.push({ groupId: id, step, since });
        }
      }
      return { begun, ended: [...gone.values()].map(({ groupId: id, step }) => ({ groupId: id, step })) };
    },
  };
}

/**
 * The steps that hold at the first evaluated instant and of which the ledger knows nothing. Where the instant before
 * it was not polled (a new rule, a first start, an outage), they may have held for longer.
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

function stepsOf(open: Map<string, Map<number, number>>, id: string): Map<number, number> {
  const known = open.get(id);
  if (known !== undefined) return known;
  const steps = new Map<number, number>();
  open.set(id, steps);
  return steps;
}

function keyOf(id: string, step: number): string {
  return `${id}/${step}`;
}
