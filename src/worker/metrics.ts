// Reports -> Prometheus metrics; the one place that knows both.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { NONE } from '../model/finding.ts';
import type { Observed } from '../model/observed.ts';
import { type Rule, SEVERITIES } from '../model/rule.ts';
import type { Dimension } from '../model/series.ts';
import type { DeliveryReport } from '../pipeline/deliver.ts';
import type { PollReport } from '../pipeline/poll.ts';
import { noteGauges } from './health-notes/gauges.ts';
import type { GaugeSample } from './health-notes/health-note.ts';
import { HEALTH_NOTES } from './health-notes/index.ts';
import { labelOf, labelValue } from './metric-labels.ts';

/** Groups shown per rule: a metric must not grow with the number of users of the company. */
const SHOWN_GROUPS = 20;

export interface Metrics {
  /** The rules in force: they decide the labels of spendwatch_rule_value, and what went away is dropped. */
  useRules(rules: readonly Rule[]): void;
  polled(report: PollReport, seconds: number): void;
  delivered(report: DeliveryReport): void;
  queued(lengths: ReadonlyMap<string, number>): void;
  reloaded(succeeded: boolean): void;
  /** Whether this worker polls; what one that stands by saw once is dropped, for another sees it now. */
  leads(leads: boolean | null): void;
  /** The store was asked for all of the past, as cells could not be used. */
  bypassed(): void;
  /** Hours of the past whose cells are still to be built. */
  missing(hours: number): void;
  /** What a kind of health message about the data saw last. */
  noticed(gauge: string, samples: readonly GaugeSample[]): void;
  exposition(): Promise<{ contentType: string; text: string }>;
}

/** The worker's metrics, under the names that docs/operations.md promises. */
export function openMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const polls = new Counter({
    name: 'spendwatch_polls_total',
    help: 'Polls, by result: ok or failed.',
    labelNames: ['result'],
    registers,
  });
  const duration = new Histogram({
    name: 'spendwatch_poll_duration_seconds',
    help: 'How long a poll took.',
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60],
    registers,
  });
  const rowsRead = new Counter({
    name: 'spendwatch_rows_read_total',
    help: 'Rows of the audit table that polls went through.',
    registers,
  });
  const findings = new Gauge({
    name: 'spendwatch_findings',
    help: 'Groups that fire now, silenced ones included, by rule and severity.',
    labelNames: ['rule', 'severity'],
    registers,
  });
  const deliveries = new Counter({
    name: 'spendwatch_deliveries_total',
    help: 'Attempts to deliver and reports about them, by channel and outcome.',
    labelNames: ['channel', 'outcome'],
    registers,
  });
  const queue = new Gauge({
    name: 'spendwatch_queue_length',
    help: 'Deliveries in the queue, by channel.',
    labelNames: ['channel'],
    registers,
  });
  const reloads = new Counter({
    name: 'spendwatch_config_reloads_total',
    help: 'Reloads of alerts.yaml, by result: ok or failed.',
    labelNames: ['result'],
    registers,
  });
  const lastReload = new Gauge({
    name: 'spendwatch_config_last_reload_successful',
    help: '1 when the rules in force are those of the file, else 0.',
    registers,
  });
  lastReload.set(1);
  new Gauge({
    name: 'spendwatch_build_info',
    help: 'Always 1, by version.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  let newestRow: number | null = null;
  new Gauge({
    name: 'spendwatch_newest_row_age_seconds',
    help: 'Age of the newest row seen; absent while none was seen.',
    registers,
    collect() {
      // Read when scraped: the age grows while the store is away.
      if (newestRow === null) this.remove();
      else this.set(Math.max(0, (Date.now() - newestRow) / 1000));
    },
  });
  const missingSeconds = new Gauge({
    name: 'spendwatch_rollup_missing_seconds',
    help: 'How much of the past that polls need is not in kept sums yet.',
    registers,
  });
  const bypassed = new Counter({
    name: 'spendwatch_rollup_bypassed_total',
    help: 'Times that kept sums could not be used, so that a poll read the audit table in full.',
    registers,
  });
  const leader = new Gauge({
    name: 'spendwatch_leader',
    help: '1 when this worker polls, 0 when it stands by.',
    registers,
  });
  for (const result of ['ok', 'failed']) {
    polls.inc({ result }, 0);
    reloads.inc({ result }, 0);
  }
  const values = ruleValues(registry);
  const notes = noteGauges(registry, HEALTH_NOTES);

  return {
    useRules(rules) {
      values.useRules(rules);
      findings.reset();
      missingSeconds.set(0);
    },
    polled(report, seconds) {
      polls.inc({ result: report.error === null ? 'ok' : 'failed' });
      duration.observe(seconds);
      rowsRead.inc(report.rowsRead);
      if (report.newestRow !== null) newestRow = report.newestRow;
      for (const { rule, latest } of report.rules) {
        if (latest === null) continue;
        values.set(rule, latest.observed);
        const counts = { info: 0, warning: 0, critical: 0 };
        for (const { steps } of latest.firing) counts[(steps[steps.length - 1] ?? steps[0]).severity] += 1;
        for (const severity of SEVERITIES) findings.set({ rule: rule.name, severity }, counts[severity]);
      }
    },
    delivered(report) {
      deliveries.inc({ channel: report.channel, outcome: report.outcome });
    },
    queued(lengths) {
      queue.reset();
      for (const [channel, length] of lengths) queue.set({ channel }, length);
    },
    leads(leads) {
      leader.set(leads === true ? 1 : 0);
      if (leads !== false) return;
      newestRow = null;
      findings.reset();
      values.clear();
      notes.clear();
      missingSeconds.set(0);
    },
    noticed: notes.show,
    bypassed() {
      bypassed.inc();
    },
    missing(hours) {
      missingSeconds.set(hours * 3_600);
    },
    reloaded(succeeded) {
      reloads.inc({ result: succeeded ? 'ok' : 'failed' });
      lastReload.set(succeeded ? 1 : 0);
    },
    async exposition() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

interface RuleValues {
  readonly groupBy: readonly Dimension[];
  readonly samples: readonly { readonly labels: Record<string, string>; readonly value: number }[];
}

/** spendwatch_rule_value: what each rule saw last, in its largest groups, labelled with the rule's dimensions. */
function ruleValues(registry: Registry): {
  useRules(rules: readonly Rule[]): void;
  set(rule: Rule, observed: Observed): void;
  clear(): void;
} {
  const name = 'spendwatch_rule_value';
  let latest = new Map<string, RuleValues>();
  return {
    useRules(rules) {
      registry.removeSingleMetric(name);
      // A rule that groups by something else now has other labels: what it saw before would not fit.
      const kept = rules.flatMap((rule) => {
        const values = latest.get(rule.name);
        return values !== undefined && sameList(values.groupBy, rule.groupBy)
          ? [[rule.name, values] as const]
          : [];
      });
      latest = new Map(kept);
      new Gauge({
        name,
        help: 'Last value of a rule, in the unit of its metric, for its 20 largest groups, by rule and dimensions.',
        labelNames: ['rule', ...new Set(rules.flatMap((rule) => rule.groupBy.map(labelOf)))],
        registers: [registry],
        collect() {
          this.reset();
          for (const { labels, value } of [...latest.values()].flatMap(({ samples }) => samples))
            this.set(labels, value);
        },
      });
    },
    set(rule, observed) {
      const samples = observed.largest(SHOWN_GROUPS).map(({ key, value }) => ({
        labels: {
          rule: rule.name,
          ...Object.fromEntries(
            rule.groupBy.map((dimension, i) => [labelOf(dimension), labelValue(key[i] ?? NONE)]),
          ),
        },
        value: value.number,
      }));
      latest.set(rule.name, { groupBy: rule.groupBy, samples });
    },
    clear() {
      latest.clear();
    },
  };
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
