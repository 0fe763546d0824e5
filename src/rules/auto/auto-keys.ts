// The keys of an automatic anomaly rule: faults between them, and the rule.

import { describeMetric, metricOf } from '../../model/metric.ts';
import type { Fixed } from '../../model/money.ts';
import type { Rule } from '../../model/rule.ts';
import type { WindowSpec } from '../../model/window.ts';
import { fault } from '../rule-scalars.ts';
import type { Advice } from '../rule-type.ts';
import type { AutoRule, JudgedWindow } from './auto-rule.ts';

const HOUR = 3_600_000;
/** Keys of the other methods. */
const OTHERS = ['baseline', 'floor_pct', 'min_history', 'min_change_pct', 'direction'] as const;
/** A whole day is judged this much more strictly, beside an hour. */
const STRICTER = 0.5;

/** What is judged without a `window`. */
export const HOUR_AND_DAY: WindowSpec = { kind: 'rolling', ms: 24 * HOUR, text: '1h, 24h' };

export function autoFaults(given: object): ReturnType<typeof fault>[] {
  const keys = given as Readonly<Record<string, unknown>>;
  const faults = OTHERS.filter((key) => keys[key] !== undefined).map((key) =>
    fault(`${key} does not go with method auto`, 'drop the key, or choose method: zscore or robust', [key]),
  );
  const metric = metricOf(keys.metric);
  if (metric !== undefined && !describeMetric(metric).additive) {
    const hint = 'give it a window and method: zscore or robust';
    faults.push(fault(`method auto does not take ${describeMetric(metric).name}`, hint, ['metric']));
  }
  const window = keys.window as WindowSpec | undefined;
  if (window !== undefined && !isWholeHours(window)) {
    faults.push(
      fault('this window does not go with method auto', 'write whole hours up to 24h, or leave window out', [
        'window',
      ]),
    );
  }
  return faults;
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
  return { ...base, windows, type: 'anomaly', method: 'auto', zscore, minChange: minChange as Fixed, judged };
}

function isWholeHours(window: WindowSpec): boolean {
  const hours = hoursOf(window);
  return Number.isInteger(hours) && hours <= 24;
}

function hoursOf(window: WindowSpec): number {
  return window.kind === 'rolling' ? window.ms / HOUR : Number.NaN;
}
