import { beforeAll, expect, it } from 'vitest';
import { samplesOf } from '../support/exposition.ts';
import { allMetrics } from './all-metrics.ts';

let text: string;
beforeAll(async () => {
  text = await allMetrics();
});

/** Units that are no base unit, by name and as they are abbreviated. */
const UNITS =
  /(^|_)(hours?|minutes?|days?|weeks?|milliseconds?|microseconds?|nanoseconds?|ms|us|ns|sec|secs|min|mins|h|s|kilobytes?|megabytes?|gigabytes?|kb|mb|gb|bits?|percent|percents)(_|$)/;

it('metrics are named as Prometheus asks: snake_case, base units, _total for counters, a help text for each', () => {
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]),
  );
  const helps = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name));
  expect(types.size).toBeGreaterThan(10);
  const faults = [...types].flatMap(([name, type]) => [
    ...(/^spendwatch_[a-z0-9]+(_[a-z0-9]+)*$/.test(name) ? [] : [`${name} is no name in snake_case`]),
    ...(helps.has(name) ? [] : [`${name} has no help`]),
    ...((type === 'counter') === name.endsWith('_total') ? [] : [`${name} is a ${type}`]),
    ...(UNITS.test(name) ? [`${name} is not in a base unit`] : []),
    ...(/_(gauge|counter|histogram|summary)(_|$)/.test(name) ? [`${name} has its type in its name`] : []),
    ...(type !== 'histogram' && /_(bucket|count|sum)$/.test(name) ? [`${name} reads as a histogram's`] : []),
  ]);
  expect(faults).toEqual([]);
});

it('labels are in snake_case, and none has a meaning of its own, whatever dimensions are called', () => {
  const samples = samplesOf(text);
  const isOfHistogram = (name: string) => name.startsWith('spendwatch_poll_duration_seconds');
  const labels = samples.flatMap(({ name, labels }) => (isOfHistogram(name) ? [] : Object.keys(labels)));
  expect(labels.filter((label) => !/^[a-z][a-z0-9_]*$/.test(label) || /^(le|quantile)$/.test(label))).toEqual(
    [],
  );
  const value = samples.find(({ name }) => name === 'spendwatch_rule_value');
  expect(Object.keys(value?.labels ?? {})).toEqual([
    'rule',
    'service',
    'team_id',
    'dimension_rule',
    'dimension_le',
    'dimension_quantile',
    'cost_centre',
    'dimension_2nd',
  ]);
});
