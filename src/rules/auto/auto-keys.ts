// The keys of an automatic anomaly rule: faults between them, and the rule.

import { describeMetric, metricOf } from '../../model/metric.ts';
import type { Rule } from '../../model/rule.ts';
import type { WindowSpec } from '../../model/window.ts';
import { notAdditiveFaults } from '../rule-keys.ts';
import { type Fault, fault } from '../rule-scalars.ts';
import type { Advice } from '../rule-type.ts';
import type { AutoRule, JudgedWindow } from './auto-rule.ts';

const HOUR = 3_600_000;
/** Keys of the other methods. */
const OTHERS = ['baseline', 'floor_pct', 'min_history', 'min_change_pct', 'direction'] as const;
/** A whole day is judged this much more strictly, beside an hour. */
const STRICTER = 0.5;

/** What is judged without a `window`. */
export const HOUR_AND_DAY: WindowSpec = { kind: 'rolling', ms: 24 * HOUR, text: '1h, 24h' };

export function autoFaults(keys: Readonly<Record<string, unknown>>): Fault[] {
  const faults = OTHERS.filter((key) => keys[key] !== undefined).map((key) =>
    fault(`${key} does not go with method auto`, 'drop the key, or choose method: zscore or robust', [key]),
  );
  const hint = 'give it a window and method: zscore or robust';
  const notAdditive = notAdditiveFaults(keys.metric, (name) => `method auto does not take ${name}`, hint);
  const window = keys.window as WindowSpec | undefined;
  if (window === undefined || isWholeHours(window)) return [...faults, ...notAdditive];
  const wholeHours = 'write whole hours up to 24h, or leave window out';
  return [
    ...faults,
    ...notAdditive,
    fault('this window does not go with method auto', wholeHours, ['window']),
  ];
}

/** A rule of an earlier version, which would find more with fewer keys. */
export function autoAdvice({ window, method, metric }: Readonly<Record<string, unknown>>): Advice | null {
  const known = metricOf(metric);
  if (window === undefined || method !== undefined) return null;
  if (known === undefined || !describeMetric(known).additive) return null;
  return {
    key: 'window',
    message: 'with a window, an anomaly is judged by `method: zscore`',
    hint: '`method: auto` without a window finds more with fewer false alerts; or write `method: zscore` to keep it',
  };
}

/** `window` is null where the file has none. */
export function autoRule(
  base: Omit<Rule, 'type'>,
  {
    zscore,
    minChange,
    window,
  }: Pick<AutoRule, 'zscore' | 'minChange'> & { readonly window: WindowSpec | null },
): AutoRule {
  const judged: readonly JudgedWindow[] =
    window === null
      ? [
          { spec: { kind: 'rolling', ms: HOUR, text: '1h' }, hours: 1, zscore },
          { spec: { kind: 'rolling', ms: 24 * HOUR, text: '24h' }, hours: 24, zscore: zscore + STRICTER },
        ]
      : [{ spec: window, hours: hoursOf(window), zscore }];
  const windows = judged.map(({ spec }) => spec);
  return { ...base, windows, type: 'anomaly', method: 'auto', zscore, minChange, judged };
}

function isWholeHours(window: WindowSpec): boolean {
  const hours = hoursOf(window);
  return Number.isInteger(hours) && hours <= 24;
}

function hoursOf(window: WindowSpec): number {
  return window.kind === 'rolling' ? window.ms / HOUR : Number.NaN;
}
