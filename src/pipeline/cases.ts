// Groups the findings of each group and dedupe period into one case (pure).

import { type Firing, type ReachedStep, topStep } from '../model/finding.ts';
import { groupId } from '../model/fingerprint.ts';
import { worstFirst } from '../model/observation.ts';
import { type Rule, type Silence, stepOf } from '../model/rule.ts';
import { silenceOf } from '../model/silence.ts';
import { dedupeKey, isoInstant, type PeriodKey } from '../model/window.ts';
import type { EpisodeTracker } from './episodes.ts';
import type { Evaluation, EvaluationTime } from './evaluate.ts';

/** A group that fires at one evaluation time. */
export interface Sighting {
  readonly id: string;
  readonly period: PeriodKey;
  readonly firing: Firing;
  readonly step: ReachedStep;
  readonly at: number;
  readonly since: number;
}

/** What matters of all sightings of a group in one dedupe period. */
export interface Case {
  /** The worst sighting that is not silenced, or the worst of all where every one is. */
  worst: Sighting;
  /** The largest value that is not silenced. Growth counts at any step. */
  largest: Sighting;
  /** Null as soon as one sighting is not silenced. */
  silence: Silence | null;
}

/** What was found at each evaluation time, ascending. */
export interface Found {
  readonly rule: Rule;
  readonly zone: string;
  readonly times: readonly EvaluationTime[];
  readonly evaluations: readonly Evaluation[];
  readonly silences: readonly Silence[];
  /** By group id, the incidents of its alerts, as far as a silence names them. */
  readonly incidents?: ReadonlyMap<string, string>;
}

/** Builds one case for each group and period, oldest period first, and advances the tracker to each evaluation time. */
export function casesOf(
  { rule, zone, times, evaluations, silences, incidents }: Found,
  tracker: EpisodeTracker,
): Iterable<Case> {
  const cases = new Map<string, Case>();
  for (const [i, evaluation] of evaluations.entries()) {
    const { at, judgement } = evaluation;
    tracker.advance(times[i] as EvaluationTime, evaluation);
    if (judgement.firing.length === 0) continue;
    const calendar = dedupeKey(rule, at, zone);
    for (const firing of judgement.firing) {
      const id = groupId(firing.key, firing.variant);
      const began = tracker.began(id, firing.steps[0].severity);
      const own: PeriodKey = calendar ?? `episode/${isoInstant(began)}`;
      const period: PeriodKey = firing.limit === undefined ? own : `${own}/${firing.limit}`;
      const step = topStep(firing);
      // Each episode is an alert of its own, however short the break before it.
      const since = calendar === null ? tracker.began(id, step.severity) : tracker.since(id, step.severity);
      const silence = silenceOf(rule, firing.key, at, silences, incidents?.get(id) ?? null);
      // With a single evaluation time a group occurs once, so its id is enough.
      const name = evaluations.length === 1 ? id : `${period}/${id}`;
      addSighting(cases, name, { id, period, firing, step, at, since }, silence);
    }
  }
  return cases.values();
}

function addSighting(
  cases: Map<string, Case>,
  name: string,
  sighting: Sighting,
  silence: Silence | null,
): void {
  const known = cases.get(name);
  if (known === undefined || (known.silence !== null && silence === null)) {
    cases.set(name, { worst: sighting, largest: sighting, silence });
    return;
  }
  if (silence !== null && known.silence === null) return;
  if (isWorse(sighting, known.worst)) known.worst = sighting;
  if (sighting.firing.value.fixed > known.largest.firing.value.fixed) known.largest = sighting;
}

/** Highest severity, then the worst value. */
function isWorse(a: Sighting, b: Sighting): boolean {
  const steps = stepOf(a.step.severity) - stepOf(b.step.severity);
  if (steps !== 0) return steps > 0;
  return worstFirst(a.firing, b.firing) < 0;
}
