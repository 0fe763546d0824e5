// Replays rules over past instants and gathers the results of each.

import { sentenceOf } from '../model/errors.ts';
import { localDay } from '../model/local-time.ts';
import type { Fixed } from '../model/money.ts';
import { firesBelow, type Rule } from '../model/rule.ts';
import type { DedupePeriod } from '../model/window.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { FixedLimits } from '../rules/rule-type.ts';
import type { Replayed } from './decider.ts';
import { type Distribution, openDistribution } from './distribution.ts';
import { openPeaks } from './peaks.ts';
import { type ReplayParts, replay } from './replay.ts';
import { type BacktestedRule, isoWeek, weeksOf } from './result.ts';
import { openSeries } from './rule-series.ts';
import type { SentAlert } from './sent-alert.ts';
import { type Suggestion, suggestLimit } from './suggest.ts';

export interface BacktestOptions {
  /** The range of the grid, [from, to). */
  readonly from: number;
  readonly to: number;
  /** How many alerts a week a suggested limit should make; null for no suggestion. */
  readonly perWeek: number | null;
  readonly withSeries: boolean;
  readonly stopping?: AbortSignal;
  /** Instants in a chunk. By default the number of groups decides. */
  readonly chunk?: number;
  readonly progressed?: (done: number, total: number) => void;
}

/** Replays rules over a grid and gathers the results. Throws as `replay` does. */
export async function backtest(
  parts: ReplayParts,
  options: BacktestOptions,
): Promise<{ alerts: SentAlert[]; rules: BacktestedRule[] }> {
  const gatherers = new Map(parts.rules.map((rule) => [rule.name, openGatherer(rule, parts, options)]));
  const { failed } = await replay(
    parts,
    {
      judged: (replayed) => gatherers.get(replayed.rule.name)?.add(replayed),
      ...(options.progressed && { progressed: options.progressed }),
    },
    options,
  );
  const rules = parts.rules.flatMap((rule) => {
    const gathered = gatherers.get(rule.name)?.read();
    const error = failed.get(rule.name);
    return gathered === undefined ? [] : [{ ...gathered, error: error ? sentenceOf(error) : null }];
  });
  const alerts = rules.flatMap((rule) => rule.alerts).sort((a, b) => a.notification.at - b.notification.at);
  return { alerts, rules };
}

interface Gatherer {
  add(replayed: Replayed): void;
  read(): Omit<BacktestedRule, 'error'>;
}

function openGatherer(rule: Rule, parts: ReplayParts, options: BacktestOptions): Gatherer {
  const { zone, grid } = parts;
  const { perWeek, from, to } = options;
  const target = (perWeek ?? 0) * ((to - from) / WEEK);
  const limits = ruleTypeOf(rule).fixedLimits?.(rule) ?? null;
  const values = limits === null ? null : openDistribution(limits);
  const peaks =
    limits === null || perWeek === null ? null : openPeaks(limits, zone, keptPeaks(target, rule.dedupe));
  const series = options.withSeries ? openSeries(rule, grid.replayed.length) : null;
  const silenced = new Set<string>();
  const alerts: SentAlert[] = [];
  let messages = 0;
  let index = 0;
  return {
    add({ evaluation, verdicts, notifications }) {
      values?.add(evaluation);
      peaks?.add(index, evaluation);
      series?.add(index, evaluation);
      index += 1;
      for (const one of notifications) alerts.push({ rule, notification: one });
      messages += new Set(notifications.flatMap(({ severity }) => rule.notify[severity])).size;
      for (const { reason, group, at } of verdicts) {
        if (reason === 'silenced') silenced.add(`${localDay(at - 1, zone)}/${JSON.stringify(group)}`);
      }
    },
    read() {
      const byWeek = new Map(weeksOf(from, to, zone).map((week) => [week, 0]));
      for (const { notification } of alerts) {
        const week = isoWeek(notification.at, zone);
        byWeek.set(week, (byWeek.get(week) ?? 0) + 1);
      }
      const distribution = values?.read() ?? null;
      const suggested = (): Suggestion | null => {
        if (limits === null || peaks === null || distribution === null) return null;
        const mildest = mildestOf(limits, distribution);
        return suggestLimit(rule, limits, { peaks: peaks.read(), mildest, grid, deciding: parts }, target);
      };
      return {
        rule,
        alerts,
        messages,
        byWeek,
        silenced: silenced.size,
        values: distribution,
        suggested: suggested(),
        series: series?.read() ?? null,
      };
    },
  };
}

function mildestOf({ operator }: FixedLimits, { min, max }: Distribution): Fixed {
  return firesBelow(operator) ? max : min;
}

const WEEK = 7 * 86_400_000;
/** The days that one alert can stand for. */
const DAYS: Readonly<Record<DedupePeriod, number>> = {
  hour: 1,
  day: 1,
  episode: 1,
  week: 7,
  month: 31,
  window: 31,
};

/**
 * How many of the worst days to keep so that the wanted limit lies among them: not every bad day makes an alert of its own.
 */
function keptPeaks(target: number, dedupe: DedupePeriod): number {
  return Math.max(60, Math.ceil(4 * target * DAYS[dedupe]));
}
