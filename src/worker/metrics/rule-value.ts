// spendwatch_rule_value: what each rule saw last, labelled with the rule's dimensions.

import { Gauge, type Registry } from 'prom-client';
import { NONE } from '../../model/finding.ts';
import type { Observed } from '../../model/observed.ts';
import type { Rule } from '../../model/rule.ts';
import type { Dimension } from '../../model/series.ts';
import type { Handlers, MetricEntry } from './entry.ts';
import { labelOf, labelValue } from './labels.ts';

const NAME = 'spendwatch_rule_value';
const HELP =
  'Last value of a rule, in the unit of its metric (a share from 0 to 1), for its 20 largest groups, by rule and dimensions.';
/** Groups shown per rule: a metric must not grow with the number of users of the company. */
const SHOWN_GROUPS = 20;

/** Its labels follow the rules in force, so the gauge is made anew with each file. */
export const ruleValue: MetricEntry = { name: NAME, help: HELP, kind: 'gauge', open: openRuleValue };

interface RuleValues {
  readonly groupBy: readonly Dimension[];
  readonly samples: readonly { readonly labels: Record<string, string>; readonly value: number }[];
}

function openRuleValue(registry: Registry): Handlers {
  let latest = new Map<string, RuleValues>();
  return {
    useRules(rules) {
      // A rule that groups by something else now has other labels: what it saw before would not fit.
      const fitting = rules.flatMap(({ name, groupBy }) => {
        const values = latest.get(name);
        return values !== undefined && isSameList(values.groupBy, groupBy) ? [[name, values] as const] : [];
      });
      latest = new Map(fitting);
      registry.removeSingleMetric(NAME);
      new Gauge({
        name: NAME,
        help: HELP,
        labelNames: ['rule', ...new Set(rules.flatMap((rule) => rule.groupBy.map(labelOf)))],
        registers: [registry],
        collect() {
          this.reset();
          for (const { samples } of latest.values())
            for (const { labels, value } of samples) this.set(labels, value);
        },
      });
    },
    polled({ rules }) {
      for (const { rule, latest: judgement } of rules) {
        if (judgement !== null) latest.set(rule.name, valuesOf(rule, judgement.observed));
      }
    },
    leads(leads) {
      if (leads === false) latest.clear();
    },
  };
}

function valuesOf({ name, groupBy }: Rule, observed: Observed): RuleValues {
  const samples = observed.largest(SHOWN_GROUPS).map(({ key, value }) => {
    const dimensions = groupBy.map((dimension, i) => [labelOf(dimension), labelValue(key[i] ?? NONE)]);
    return { labels: { rule: name, ...Object.fromEntries(dimensions) }, value: value.number };
  });
  return { groupBy, samples };
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
