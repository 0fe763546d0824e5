// What the view shows of a rule: its worst group against its limit.

import type { JudgedOnce } from '../check/check.ts';
import { sentenceOf } from '../model/errors.ts';
import { topStep } from '../model/finding.ts';
import { type Fixed, fixedFromNumber, toNumber } from '../model/money.ts';
import type { Observation } from '../model/observation.ts';
import { type Operator, type Rule, SEVERITIES, type Severity, windowOf } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import { limitsOf, shareOfLimit } from '../pipeline/limits.ts';
import { ruleTypeOf } from '../rules/index.ts';

/** `pending`: over its limit, but not for as long as `for` demands. */
export type RuleState = Severity | 'silenced' | 'pending' | 'ok' | 'no data' | 'not known';

export interface RuleRow {
  readonly rule: Rule;
  readonly state: RuleState;
  /** Of the worst group; null where nothing was observed. */
  readonly key: GroupKey | null;
  readonly value: Fixed | null;
  /** The window of the value, as alerts.yaml has it. */
  readonly window: string;
  /** The limit that counts for it, or that is the next; null for a rule whose limit is no number. */
  readonly limit: { readonly bound: Fixed; readonly operator: Operator } | null;
  /** How much of the limit is reached: 1 at the limit; null without such a limit. */
  readonly share: number | null;
  /** How many groups fire. */
  readonly firing: number;
  /** Calls without a price that the value lacks; null for none. */
  readonly unpriced: number | null;
  /** Why it is not known. */
  readonly error: string | null;
}

/** What tells by what a group is silenced; null for nothing. */
type Silencing = (rule: Rule) => (group: { readonly key: GroupKey; readonly variant?: string }) => unknown;

/** The rules of a check, worst first. */
export function ruleRows({ judged, unpriced }: JudgedOnce, silencedBy: Silencing): RuleRow[] {
  const rows = judged.map(({ rule, evaluation, error }): RuleRow => {
    if (evaluation === undefined) return unknownRow(rule, error === null ? null : sentenceOf(error));
    const { judgement, pending } = evaluation;
    const silenced = silencedBy(rule);
    const loud = judgement.firing.filter((one) => silenced(one) === null);
    const fires = loudest(loud) ?? judgement.firing[0] ?? null;
    const worst = fires ?? pending[0] ?? judgement.observed.worst(1)[0] ?? null;
    const step = fires === null ? null : topStep(fires);
    const limit = step ?? (worst === null ? null : nextLimit(rule, worst));
    return {
      rule,
      state: stateOf({
        step,
        isLoud: loud.length > 0,
        isPending: pending.length > 0,
        status: judgement.status,
      }),
      key: worst?.key ?? null,
      value: worst?.value.fixed ?? null,
      window: worst === null ? rule.window.text : windowOf(rule, worst.window).text,
      limit: limit && { bound: limit.bound, operator: limit.operator },
      share: worst === null || limit === null ? null : shareOfLimit(worst.value.fixed, limit),
      firing: judgement.firing.length,
      unpriced: worst === null ? null : unpriced.of(rule, worst.key),
      error: null,
    };
  });
  return rows.sort((a, b) => rankOf(a) - rankOf(b) || (b.share ?? -1) - (a.share ?? -1));
}

/** The first of those with the highest severity. */
function loudest<F extends Parameters<typeof topStep>[0]>(firing: readonly F[]): F | null {
  const rank = (one: F): number => SEVERITIES.indexOf(topStep(one).severity);
  return firing.reduce<F | null>(
    (worst, one) => (worst === null || rank(one) > rank(worst) ? one : worst),
    null,
  );
}

function unknownRow(rule: Rule, error: string | null): RuleRow {
  return {
    rule,
    state: 'not known',
    key: null,
    value: null,
    window: rule.window.text,
    limit: null,
    share: null,
    firing: 0,
    unpriced: null,
    error,
  };
}

function stateOf(found: {
  readonly step: { readonly severity: Severity } | null;
  readonly isLoud: boolean;
  readonly isPending: boolean;
  readonly status: 'ok' | 'firing' | 'no_data';
}): RuleState {
  if (found.step !== null) return found.isLoud ? found.step.severity : 'silenced';
  if (found.isPending) return 'pending';
  return found.status === 'no_data' ? 'no data' : 'ok';
}

/** The limit that a value which does not fire reaches next: the mildest one, or the edge of what is usual. */
function nextLimit(rule: Rule, worst: Observation): { bound: Fixed; operator: Operator } | null {
  const limits = limitsOf(rule, worst);
  const [step] = limits?.steps ?? [];
  if (limits !== null) return step === undefined ? null : { bound: step.bound, operator: limits.operator };
  const band = ruleTypeOf(rule).band?.(rule, worst);
  if (band === undefined) return null;
  const isLow = toNumber(worst.value.fixed) < band.mean && band.low !== null;
  if (isLow) return { bound: fixedFromNumber(band.low), operator: '<=' };
  return band.high === null ? null : { bound: fixedFromNumber(band.high), operator: '>=' };
}

const RANKS: readonly RuleState[] = [
  'critical',
  'warning',
  'info',
  'not known',
  'pending',
  'silenced',
  'ok',
  'no data',
];

function rankOf({ state }: RuleRow): number {
  return RANKS.indexOf(state);
}
