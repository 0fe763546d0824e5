// spendwatch_rule_info: each rule's owner and labels, to be joined to other metrics by `rule`.

import { Gauge, type Registry } from 'prom-client';
import type { Handlers, MetricEntry } from './entry.ts';
import { labelValue } from './labels.ts';

const NAME = 'spendwatch_rule_info';
const HELP = 'Always 1, by rule, its owner and the labels that it has in the file, to join to other metrics.';

/** Its labels follow the rules in force, so the gauge is made anew with each file. */
export const ruleInfo: MetricEntry = { name: NAME, help: HELP, kind: 'gauge', open: openRuleInfo };

function openRuleInfo(registry: Registry): Handlers {
  return {
    useRules(rules) {
      registry.removeSingleMetric(NAME);
      const names = new Set(rules.flatMap(({ labels }) => Object.keys(labels)));
      const info = new Gauge({
        name: NAME,
        help: HELP,
        labelNames: ['rule', 'owner', ...names],
        registers: [registry],
      });
      for (const { name, owner, labels } of rules) {
        const values = Object.entries(labels).map(([label, value]) => [label, labelValue(value)]);
        info.set({ ...Object.fromEntries(values), rule: name, owner: labelValue(owner ?? '') }, 1);
      }
    },
  };
}
