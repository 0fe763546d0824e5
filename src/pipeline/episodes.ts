// Since when a group has held (pure).

import type { Reached } from '../model/finding.ts';
import { groupId } from '../model/fingerprint.ts';
import type { Episode, EpisodeChanges, Notified } from '../model/notification.ts';
import { type Severity, stepOf } from '../model/rule.ts';
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

/** What is known of a rule's episodes before its first evaluated instant. */
export interface EpisodesBefore {
  readonly first: number;
  /**
   * The instant as of which the ledger has them; a group that it lacks did not fire then. Null when it has none from before
   * the first instant.
   */
  readonly knownTo: number | null;
  readonly recorded: readonly Episode[];
  /** Found from the data for groups that the ledger lacks. */
  readonly computed: readonly Episode[];
  /**
   * By group, the beginnings under which episodes were said. Another poll may have said one, such as a check at an instant that no
   * worker polls. If it began after this group was last known not to fire, it is the same episode.
   */
  readonly notified: ReadonlyMap<string, readonly number[]>;
}

/** Episodes of the ledger that begin after the first instant are ignored: they belong to a later time. */
export function trackEpisodes({
  first,
  knownTo,
  recorded,
  computed,
  notified,
}: EpisodesBefore): EpisodeTracker {
  const open = new Map<string, Since[]>();
  /** Whether what is open may be other than what the ledger has: of very many groups over a limit mostly not. */
  let differs = computed.length > 0;
  /** The evaluated instant since which each step is reached, regardless of `for`; null: since the first one or longer. */
  let reachedSince = new Map<string, number | null>();
  /** The previous instant. A group that did not fire then has begun since. */
  let previous: number | null = null;

  const saidWithin = (id: string, from: number, to: number): number | null => {
    const within = (notified.get(id) ?? []).filter((began) => began >= from && began <= to);
    return within.length === 0 ? null : within.reduce((a, b) => Math.max(a, b));
  };
  for (const { groupId: id, step, since } of computed) {
    if (since <= first) stepsIn(open, id)[step] = saidWithin(id, since, first) ?? since;
  }
  for (const { groupId: id, step, since } of recorded) {
    if (since <= first) stepsIn(open, id)[step] = since;
    else differs = true;
  }

  const follow = (reached: readonly Reached[], at: number): void => {
    const now = new Map<string, number | null>();
    for (const { key, steps } of reached) {
      for (const { severity } of steps) {
        const name = keyOf(groupId(key), stepOf(severity));
        const known = reachedSince.get(name);
        now.set(name, known === undefined && previous !== null ? at : (known ?? null));
      }
    }
    reachedSince = now;
  };

  return {
    idOf: groupId,
    advance({ at, earlier }, { judgement, reached = judgement.firing }) {
      const isPatient = earlier.length > 0;
      if (isPatient) follow(reached, at);
      const now = new Map(judgement.firing.map(({ key, steps }) => [groupId(key), steps]));
      for (const [id, held] of open) {
        const fires = now.get(id);
        if (fires === undefined) {
          differs = true;
          open.delete(id);
          continue;
        }
        for (let step = 1; step < held.length; step += 1) {
          if (held[step] === null || fires.some(({ severity }) => stepOf(severity) === step)) continue;
          differs = true;
          held[step] = null;
        }
      }
      // What comes through `for` has held at all the instants that it looks back on, and not before them.
      const held = earlier[0] ?? at;
      const quietAt = previous ?? knownTo;
      for (const [id, fires] of now) {
        const steps = stepsIn(open, id);
        for (const { severity } of fires) {
          const step = stepOf(severity);
          if (steps[step] !== null) continue;
          differs = true;
          const since = isPatient ? Math.max(held, reachedSince.get(keyOf(id, step)) ?? held) : at;
          const from = isPatient || quietAt === null ? since : quietAt + 1;
          steps[step] = saidWithin(id, from, at) ?? since;
        }
      }
      previous = at;
    },
    since(id, severity) {
      const since = open.get(id)?.[stepOf(severity)] ?? null;
      if (since === null) throw new RangeError('asked since when a step has held that does not hold');
      return since;
    },
    changes() {
      if (!differs) return { begun: [], ended: [] };
      const before = new Map<string, Since[]>();
      for (const { groupId: id, step, since } of recorded) stepsIn(before, id)[step] = since;
      const begun: Episode[] = [];
      for (const [id, steps] of open) {
        const known = before.get(id);
        steps.forEach((since, step) => {
          if (since !== null && known?.[step] !== since) begun.push({ groupId: id, step, since });
        });
      }
      const ended = recorded.filter(({ groupId: id, step }) => (open.get(id)?.[step] ?? null) === null);
      return { begun, ended: ended.map(({ groupId: id, step }) => ({ groupId: id, step })) };
    },
  };
}

/**
 * The steps that fire at the first evaluated instant and that the ledger does not know. If the instant before was not
 * polled (a new rule, a first start, an outage), they may have held for longer.
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

/** By group, the beginnings of the episodes that were said. */
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
