// How much of each budget of the file is used at the end of a report's period.

import { AppError } from '../model/errors.ts';
import type { ReportBudget } from '../model/report.ts';
import type { Rule } from '../model/rule.ts';
import type { Query, Series } from '../model/series.ts';
import { askInParts } from '../pipeline/ask-in-parts.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { Asking } from './sums.ts';

/** Groups of a rule: those that used the largest part of their amount. */
const MOST = 10;

/** By rule, in the order of the file; an error for a rule that could not be read. */
export async function budgetsOf(
  rules: readonly Rule[],
  at: number,
  zone: string,
  { source, before }: Asking,
): Promise<readonly { readonly rule: Rule; readonly budgets: readonly ReportBudget[] | AppError }[]> {
  const context = { at, zone };
  const budgeting = rules.filter((rule) => ruleTypeOf(rule).budgeted !== undefined);
  const queries = budgeting.map((rule) => ruleTypeOf(rule).queries(rule, context));
  const answers = [...(await askInParts(source, queries.flat(), before))];
  return budgeting.map((rule, i) => {
    const own = answers.splice(0, (queries[i] as readonly Query[]).length);
    const fault = own.find((one) => one instanceof AppError);
    const budgets = fault === undefined ? judged(rule, context, own as Series[]) : (fault as AppError);
    return { rule, budgets };
  });
}

function judged(
  rule: Rule,
  context: { readonly at: number; readonly zone: string },
  series: readonly Series[],
): ReportBudget[] {
  const type = ruleTypeOf(rule);
  const { observed } = type.judge(rule, context, series);
  return observed.worst(MOST).flatMap((observation) => {
    const budgeted = type.budgeted?.(rule, observation);
    if (budgeted === undefined) return [];
    const { key, value, window } = observation;
    return [
      {
        rule: rule.name,
        metric: rule.metric,
        groupBy: rule.groupBy,
        key,
        amount: budgeted.amount,
        spent: value.fixed,
        window,
        periodEnd: budgeted.periodEnd,
      },
    ];
  });
}
