// Describes a budget rule's amounts and findings.

import {
  displayAgainst,
  displayPhrase,
  displayRounded,
  displayValue,
  withoutZeroCents,
} from '../../model/display-value.ts';
import { type Description, type Firing, topStep } from '../../model/finding.ts';
import { type Fixed, formatFixed } from '../../model/money.ts';
import { isoInstant } from '../../model/window.ts';
import type { FixedLimits, Perfdata } from '../rule-type.ts';
import { stepsPerfdata } from '../rule-words.ts';
import { dateOf, dayAndMonth, endText, periodName } from './budget-period.ts';
import { type BudgetObservation, type BudgetRule, boundOf, type Forecast } from './budget-rule.ts';

/** `80 % / 100 % of $2,000.00`, `80 % / 100 % of 12 amounts`. */
export function budgetLimitText({ metric, steps, amount, amounts }: BudgetRule): string {
  const parts = steps.map(({ part }) => percentText(part)).join(' / ');
  if (amounts.size === 0) return `${parts} of ${displayValue(metric, amount ?? 0n)}`;
  return `${parts} of ${amounts.size} ${amounts.size === 1 ? 'amount' : 'amounts'}`;
}

export function describeBudget(rule: BudgetRule, firing: Firing<BudgetObservation>): Description {
  return firing.forecast === null
    ? describeStep(rule, firing)
    : describeForecast(rule, firing, firing.forecast);
}

function describeStep(rule: BudgetRule, firing: Firing<BudgetObservation>): Description {
  const { metric, groupBy } = rule;
  const { value, amount } = firing;
  const step = topStep(firing);
  const [shown, bound] = displayAgainst(metric, value.fixed, step.bound);
  const phrase = displayPhrase(metric, shown);
  const whole = displayValue(metric, amount);
  const spent = spentText(firing);
  const name = periodName(rule.window, firing);
  const left = amount - value.fixed;
  return {
    value: phrase,
    reason: `${spent} of ${withoutZeroCents(whole)}`,
    comparison: [phrase, `${step.operator} ${bound}`],
    note: null,
    sentence: [
      withoutZeroCents(shown),
      `${spent} of ${groupBy.length === 0 ? 'the' : 'its'} ${withoutZeroCents(whole)} for ${name}`,
    ],
    facts: [
      ['Value', `${phrase}, ${spent} of the budget`],
      ['Budget', `${displayPhrase(metric, whole)} for ${name}; ${bound} or more is ${step.severity}`],
      [
        left > 0n ? 'Left' : 'Over',
        `${displayPhrase(metric, displayValue(metric, left < 0n ? -left : left))}, ${daysText(firing)}`,
      ],
    ],
    judged: [],
    lines: [`${spent} of ${whole} for ${name}`],
    fields: { budget: budgetFields(firing) },
  };
}

function describeForecast(
  rule: BudgetRule,
  firing: Firing<BudgetObservation>,
  { projected, low, high, reachedOn }: Forecast,
): Description {
  const { metric } = rule;
  const { value, amount } = firing;
  const round = (sum: Fixed): string => displayRounded(metric, sum);
  const [foreseen, bound] = displayAgainst(metric, projected, amount);
  const whole = displayValue(metric, amount);
  const end = endText(rule.window, firing);
  const gone = `the ${displayPhrase(metric, withoutZeroCents(whole))} are gone ${dayText(reachedOn, firing)}`;
  const range = `${round(low)} to ${round(high)}`;
  const spent = displayPhrase(metric, displayValue(metric, value.fixed));
  return {
    value: spent,
    reason: `on course for ${round(projected)}, budget ${withoutZeroCents(whole)}`,
    comparison: [displayPhrase(metric, `${foreseen} foreseen`), `>= ${bound}`],
    note: null,
    sentence: [
      withoutZeroCents(displayValue(metric, value.fixed)),
      `on course for ${round(projected)} ${end} (${range}); ${gone}`,
    ],
    facts: [
      ['Value', `${spent}, ${spentText(firing)} of the budget`],
      ['Budget', `${displayPhrase(metric, whole)} for ${periodName(rule.window, firing)}`],
      ['On course for', `${displayPhrase(metric, foreseen)} ${end}; in 4 of 5 cases ${range}`],
      ['Gone', `${dayText(reachedOn, firing)} (${dateOf(reachedOn)})`],
    ],
    judged: [
      [
        'Foreseen by',
        'what was spent, and for each day left the mean of the same weekday in the last four weeks (of all days with less than two weeks of them)',
      ],
    ],
    since: 'Foreseen since',
    lines: [`on course for ${foreseen} ${end} (${range}); ${gone}`],
    fields: { budget: budgetFields(firing) },
  };
}

function budgetFields({ value, amount, period, forecast }: BudgetObservation) {
  return {
    amount,
    share: Number(value.fixed) / Number(amount),
    period: { from: isoInstant(period.from), to: isoInstant(period.to) },
    projected: forecast?.projected ?? null,
    low: forecast?.low ?? null,
    high: forecast?.high ?? null,
    reached_on: forecast === null ? null : dateOf(forecast.reachedOn).toString(),
  };
}

/** `today`, `tomorrow`, `on the 19th`; with the month where it is not that of today. */
function dayText(day: number, { today }: BudgetObservation): string {
  if (day === today) return 'today';
  if (day === today + 1) return 'tomorrow';
  const date = dateOf(day);
  return date.month === dateOf(today).month && day - today < 31
    ? `on the ${ordinal(date.day)}`
    : `on ${dayAndMonth(day)}`;
}

function ordinal(day: number): string {
  const ending = day > 10 && day < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th');
  return `${day}${ending}`;
}

/** What was spent of the amount, rounded down so that 100 % is never said too early: `83 %`. */
function spentText({ value, amount }: BudgetObservation): string {
  return `${(value.fixed * 100n) / amount} %`;
}

/** `80 %`, `99.5 %` */
function percentText(part: Fixed): string {
  return `${formatFixed(part * 100n, 10)} %`;
}

/** How much of the period is left: `11 days left`, `the last day`. */
function daysText({ days: [, last], today }: BudgetObservation): string {
  const left = last - today;
  if (left === 0) return 'on the last day';
  return left === 1 ? 'with one day to come' : `with ${left} days to come`;
}

/** The group that used most of its amount, with the warning and critical steps of that amount. */
export function budgetPerfdata(rule: BudgetRule, worst: BudgetObservation | undefined): Perfdata {
  const amount = worst?.amount ?? rule.amount;
  const steps = amount === null ? [] : budgetLimits(rule, { amount });
  return stepsPerfdata({ metric: rule.metric, operator: '>=', steps }, worst);
}

/** The steps of a group's own amount. */
export function budgetLimits(
  { steps }: BudgetRule,
  { amount }: Pick<BudgetObservation, 'amount'>,
): FixedLimits['steps'] {
  return steps.map(({ severity, part }) => ({ severity, bound: boundOf(amount, part) }));
}
