import type { Firing } from '../model/finding.ts';
import { groupId } from '../model/fingerprint.ts';
import { type Rule, stepOf } from '../model/rule.ts';
import type { Episode } from '../model/said.ts';
import type { Standing } from '../state/ledger.ts';
import type { Assignment, Outcome } from './assess.ts';
import { type Decision, decide } from './decide.ts';
import { type UnknownBeginning, unknownBeginnings } from './episodes.ts';
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
  const judged = outcomes.flatMap(({ rule, evaluations, error, isOpen }, i) =>
    error !== null || isOpen ? [] : [{ rule, evaluations, moments: assignments[i]?.moments ?? [] }],
  );
  const questions = judged.map(({ rule, evaluations, moments }) => ({
    fingerprint: fingerprintOf(rule),
    groupIds: [...new Set(evaluations.flatMap(({ judgement }) => judgement.firing.map(idOf)))],
    firstAt: moments[0]?.at ?? 0,
  }));
  const said = await parts.state.readSaid(questions);
  return Promise.all(
    judged.map(async ({ rule, evaluations, moments }) => {
      const fingerprint = fingerprintOf(rule);
      const known = standing.get(fingerprint)?.episodes ?? [];
      const decision = decide({
        rule,
        fingerprint,
        zone: parts.zone,
        moments,
        evaluations,
        said: said.get(fingerprint) ?? [],
        episodes: known,
        computed: await beginnings(parts, rule, unknownBeginnings(evaluations[0], known)),
        silences: parts.silences,
      });
      return { rule, decision };
    }),
  );
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

function idOf({ key }: Firing): string {
  return groupId(key);
}
