import { groupId } from '../model/fingerprint.ts';
import { type Rule, stepOf } from '../model/rule.ts';
import type { Episode, Said } from '../model/said.ts';
import type { Standing } from '../state/ledger.ts';
import type { Assignment, Outcome } from './assess.ts';
import { type Decision, decide, isUneventful, NO_NEWS } from './decide.ts';
import { type UnknownBeginning, unknownBeginnings } from './episodes.ts';
import type { Evaluation, Moment } from './evaluate.ts';
import type { PollParts } from './parts.ts';
import { firstHeld } from './since.ts';

export interface Decided {
  readonly rule: Rule;
  readonly decision: Decision;
}

/** Groups of a rule whose beginning is looked up in the data; more than a message shows, and few enough to hold. */
const LOOKED_UP = 50;

/**
 * Decides for every rule that could be judged, with what the ledger knows of it. Throws when the ledger cannot be
 * read: without it nobody can know what is news.
 */
export async function deliberate(
  parts: PollParts,
  assignments: readonly Assignment[],
  outcomes: readonly Outcome[],
  fingerprintOf: (rule: Rule) => string,
  standing: ReadonlyMap<string, Standing>,
): Promise<Decided[]> {
  const judged = outcomes.flatMap(({ rule, evaluations, error, isOpen }, i) => {
    if (error !== null || isOpen) return [];
    const fingerprint = fingerprintOf(rule);
    const known = standing.get(fingerprint) ?? NOTHING;
    return [{ rule, fingerprint, moments: assignments[i]?.moments ?? [], evaluations, known }];
  });
  const eventful = judged
    .filter(({ evaluations, known }) => !isUneventful(evaluations, known.episodes))
    .map((one) => ({ ...one, told: toldOf(one.known, one.moments) }));
  const said = await parts.state.readSaid(
    eventful.map(({ fingerprint, moments, evaluations, told }) => ({
      fingerprint,
      groupIds: firedGroups(evaluations).filter((id) => !told.groupIds.has(id)),
      firstAt: firstOf(moments),
    })),
  );
  const decisions = await Promise.all(
    eventful.map(async ({ rule, fingerprint, moments, evaluations, known: { episodes }, told }) => {
      const decision = decide({
        rule,
        fingerprint,
        zone: parts.zone,
        moments,
        evaluations,
        said: [...told.said, ...(said.get(fingerprint) ?? [])],
        episodes,
        computed: await beginnings(parts, rule, unknownBeginnings(evaluations[0], episodes)),
        silences: parts.silences,
      });
      return [rule, decision] as const;
    }),
  );
  const decisionOf = new Map<Rule, Decision>(decisions);
  return judged.map(({ rule }) => ({ rule, decision: decisionOf.get(rule) ?? NO_NEWS }));
}

const NOTHING: Standing = { progress: null, episodes: [], said: [] };

/**
 * What the standing already tells of what was said, and of which groups: mostly of all that fire. It tells nothing of
 * instants before its progress, which are decided about where no progress is kept and where a clock was set back.
 */
function toldOf(
  { progress, episodes, said }: Standing,
  moments: readonly Moment[],
): { readonly groupIds: ReadonlySet<string>; readonly said: readonly Said[] } {
  if (progress === null || firstOf(moments) <= progress) return { groupIds: new Set(), said: [] };
  return { groupIds: new Set(episodes.map(({ groupId: id }) => id)), said };
}

function firstOf(moments: readonly Moment[]): number {
  return moments[0]?.at ?? 0;
}

function firedGroups(evaluations: readonly Evaluation[]): string[] {
  return [
    ...new Set(evaluations.flatMap(({ judgement }) => judgement.firing.map(({ key }) => groupId(key)))),
  ];
}

/** Since when, by the data. Where they cannot tell, the alert goes out with the instant at which it was seen. */
async function beginnings(
  parts: PollParts,
  rule: Rule,
  unknown: readonly UnknownBeginning[],
): Promise<Episode[]> {
  const asked = unknown.slice(0, LOOKED_UP);
  if (asked.length === 0) return [];
  try {
    const since = await firstHeld(parts.store, parts.zone, parts.schedule, rule, asked);
    return asked.map(({ groupId: id, severity }, i) => ({
      groupId: id,
      step: stepOf(severity),
      since: since[i] as number,
    }));
  } catch {
    return [];
  }
}
