// Every metric of the worker, an entry each.

import { SEVERITIES } from '../../model/rule.ts';
import { DELIVERY_OUTCOMES } from '../../pipeline/delivery-report.ts';
import { counter, gauge, gaugeOnScrape, histogram, type MetricEntry } from './entry.ts';
import { ruleInfo } from './rule-info.ts';
import { ruleLimit } from './rule-limit.ts';
import { ruleValue } from './rule-value.ts';

/** The metrics, under the names that docs/reference.md lists. */
export const CATALOGUE: readonly MetricEntry[] = [
  counter(
    {
      name: 'spendwatch_polls_total',
      help: 'Polls, by result: ok or failed.',
      labels: ['result'],
    },
    (polls) => {
      for (const result of ['ok', 'failed']) polls.inc({ result }, 0);
      return { polled: ({ error }) => polls.inc({ result: error === null ? 'ok' : 'failed' }) };
    },
  ),
  histogram(
    {
      name: 'spendwatch_poll_duration_seconds',
      help: 'How long a poll took.',
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60],
    },
    (duration) => ({ polled: (_, seconds) => duration.observe(seconds) }),
  ),
  counter(
    {
      name: 'spendwatch_rows_read_total',
      help: 'Rows of the audit table that polls went through.',
    },
    (rows) => ({ polled: ({ rowsRead }) => rows.inc(rowsRead) }),
  ),
  gauge(
    {
      name: 'spendwatch_findings',
      help: 'Groups that fire now, silenced ones included, by rule and severity.',
      labels: ['rule', 'severity'],
    },
    (findings) => ({
      useRules: () => findings.reset(),
      polled({ rules }) {
        for (const { rule, latest } of rules) {
          if (latest === null) continue;
          const counts = { info: 0, warning: 0, critical: 0 };
          for (const { steps } of latest.firing) counts[(steps[steps.length - 1] ?? steps[0]).severity] += 1;
          for (const severity of SEVERITIES) findings.set({ rule: rule.name, severity }, counts[severity]);
        }
      },
      leads: (leads) => leads === false && findings.reset(),
    }),
  ),
  counter(
    {
      name: 'spendwatch_deliveries_total',
      help: 'Attempts to deliver and reports about them, by channel and outcome.',
      labels: ['channel', 'outcome'],
    },
    (deliveries) => ({
      // Prometheus sees no increase in a series that begins with its first event.
      useChannels(names) {
        for (const channel of names)
          for (const outcome of DELIVERY_OUTCOMES) deliveries.inc({ channel, outcome }, 0);
      },
      delivered: ({ channel, outcome }) => deliveries.inc({ channel, outcome }),
    }),
  ),
  gauge(
    {
      name: 'spendwatch_queue_length',
      help: 'Deliveries in the queue, by channel.',
      labels: ['channel'],
    },
    (queue) => ({
      queued(lengths) {
        queue.reset();
        for (const [channel, length] of lengths) queue.set({ channel }, length);
      },
    }),
  ),
  counter(
    {
      name: 'spendwatch_config_reloads_total',
      help: 'Reloads of alerts.yaml, by result: ok or failed.',
      labels: ['result'],
    },
    (reloads) => {
      for (const result of ['ok', 'failed']) reloads.inc({ result }, 0);
      return { reloaded: (succeeded) => reloads.inc({ result: succeeded ? 'ok' : 'failed' }) };
    },
  ),
  gauge(
    {
      name: 'spendwatch_config_last_reload_successful',
      help: '1 when the rules in force are those of the file, else 0.',
    },
    (lastReload) => ({
      started: () => lastReload.set(1),
      reloaded: (succeeded) => lastReload.set(succeeded ? 1 : 0),
    }),
  ),
  gauge(
    {
      name: 'spendwatch_build_info',
      help: 'Always 1, by version.',
      labels: ['version'],
    },
    (info) => ({ started: (version) => info.set({ version }, 1) }),
  ),
  gaugeOnScrape(
    {
      name: 'spendwatch_newest_row_age_seconds',
      help: 'Age of the newest row seen; absent while none was seen.',
    },
    () => {
      let newestRow: number | null = null;
      return {
        // The age grows while the store is away.
        value: () => (newestRow === null ? null : Math.max(0, (Date.now() - newestRow) / 1000)),
        handlers: {
          polled(report) {
            newestRow = report.newestRow ?? newestRow;
          },
          leads(leads) {
            if (leads === false) newestRow = null;
          },
        },
      };
    },
  ),
  gauge(
    {
      name: 'spendwatch_rollup_missing_seconds',
      help: 'How much of the past that polls need is not in kept sums yet.',
    },
    (missing) => ({
      useRules: () => missing.set(0),
      missing: (hours) => missing.set(hours * 3_600),
      leads: (leads) => leads === false && missing.set(0),
    }),
  ),
  counter(
    {
      name: 'spendwatch_rollup_bypassed_total',
      help: 'Times that kept sums could not be used, so that a poll read the audit table in full.',
    },
    (bypassed) => ({ bypassed: () => bypassed.inc() }),
  ),
  gauge(
    {
      name: 'spendwatch_leader',
      help: '1 when this worker polls, 0 when it stands by.',
    },
    (leader) => ({ leads: (leads) => leader.set(leads === true ? 1 : 0) }),
  ),
  ruleValue,
  ruleLimit,
  ruleInfo,
];
