// What the latest poll of a worker found, as `check` shows it.

import { failed } from '../../check/check.ts';
import { OBSERVED } from '../../check/json.ts';
import type { CheckedFinding, CheckedRule, CheckResult } from '../../check/result.ts';
import { sentenceOf } from '../../model/errors.ts';
import { type Firing, topStep } from '../../model/finding.ts';
import { groupId } from '../../model/fingerprint.ts';
import { observedHere } from '../../model/observed.ts';
import { type Rule, stepOf } from '../../model/rule.ts';
import { spanAt } from '../../model/silence.ts';
import { unexplained } from '../../pipeline/explain.ts';
import type { PolledRule, PollReport } from '../../pipeline/poll.ts';

/** `error` says why nothing could be read. Instants in ms. */
export type LatestPoll = Pick<CheckResult, 'at' | 'newestRow' | 'rules' | 'error'>;

/**
 * The result of a poll for the enabled ones of `rules`, in their order. To be called when the poll ends: the sums that it observed change with the
 * next one. Nothing is asked of a store, so findings have no breakdown; they are made when they are first looked at.
 */
export function latestPollOf(
  { at, newestRow, rules: polled, error }: PollReport,
  rules: readonly Rule[],
): LatestPoll {
  const found = new Map(polled.map((one) => [one.rule.name, one]));
  const reason = error !== null && polled.length === 0 ? sentenceOf(error) : null;
  return {
    at,
    newestRow,
    rules: rules.filter((rule) => rule.enabled).map((rule) => checkedOf(rule, found.get(rule.name), reason)),
    error: reason,
  };
}

function checkedOf(rule: Rule, polled: PolledRule | undefined, reason: string | null): CheckedRule {
  const { latest = null, verdicts = [], error = null } = polled ?? {};
  if (latest === null) return failed(rule, error === null ? reason : sentenceOf(error));
  let findings: readonly CheckedFinding[] | null = null;
  const listed = listedOf(latest.firing);
  const more = latest.firing.length - listed.length;
  return {
    rule,
    status: latest.status,
    observed: observedHere(latest.observed.worst(OBSERVED)),
    get findings() {
      findings ??= findingsOf(rule, listed, verdicts);
      return findings;
    },
    ...(more > 0 && { moreFindings: more }),
    unpricedOf: () => null,
    isPartlyUnpriced: false,
    error: null,
  };
}

/** A rule that fires for more groups lists the worst: to describe fifty thousand takes a second. */
const MOST_FINDINGS = 100;

/** The worst, among them one of the highest severity, which is that of the rule. */
function listedOf(firing: readonly Firing[]): readonly Firing[] {
  if (firing.length <= MOST_FINDINGS) return firing;
  const step = (one: Firing): number => stepOf(topStep(one).severity);
  const most = firing.reduce((a, b) => (step(b) > step(a) ? b : a));
  const worst = firing.slice(0, MOST_FINDINGS);
  return worst.some((one) => step(one) === step(most)) ? worst : [...worst.slice(0, -1), most];
}

function findingsOf(
  rule: Rule,
  firing: readonly Firing[],
  verdicts: PolledRule['verdicts'],
): CheckedFinding[] {
  const silenced = new Map(
    verdicts.flatMap(({ group, variant, silence, at }) => {
      if (silence === null) return [];
      const until = spanAt(silence.times, at)?.until ?? at;
      return [[groupId(group, variant), { reason: silence.reason, until }] as const];
    }),
  );
  return firing.map((one) => ({
    finding: unexplained(rule, one),
    silenced: silenced.get(groupId(one.key, one.variant)) ?? null,
  }));
}
