// `spendwatch backtest`: prints what would have been sent.

import { openAudit } from '../app.ts';
import { backtest as backtestRules } from '../backtest/backtest.ts';
import { type Difference, differenceOf } from '../backtest/difference.ts';
import { type Grid, scheduledGrid, steppedGrid } from '../backtest/grid.ts';
import { backtestJson } from '../backtest/json.ts';
import { type Range, rangeOf } from '../backtest/range.ts';
import type { ReplayParts } from '../backtest/replay.ts';
import type { BacktestResult } from '../backtest/result.ts';
import { backtestTable } from '../backtest/table.ts';
import type { Config } from '../config/config.ts';
import { unsetNote } from '../config/place.ts';
import { cronSchedule } from '../model/cron-schedule.ts';
import { AppError } from '../model/errors.ts';
import { largestOf } from '../model/extremes.ts';
import { ruleFingerprints } from '../model/fingerprint.ts';
import type { Rule } from '../model/rule.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { AuditStore } from '../stores/audit-store.ts';
import { chosenRules } from './check.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';
import { openProgressBar } from './progress-bar.ts';

export interface BacktestCommandOptions {
  readonly config: string;
  readonly from?: string;
  readonly to?: string;
  /** A duration, in place of `from` and `to`. */
  readonly last?: string;
  /** A duration, or `schedule`. */
  readonly step: string;
  readonly rule: readonly string[];
  readonly format: 'table' | 'json' | 'html';
  /** `2/week`. */
  readonly suggest?: string;
  /** Another alerts.yaml. */
  readonly diff?: string;
}

/**
 * Runs a backtest and prints it; sends and writes nothing. Resolves to 0, or to 1 if a rule could not be judged or the run
 * was stopped.
 */
export async function backtest(options: BacktestCommandOptions, io: Io): Promise<0 | 1> {
  const config = await loadWithoutChannels(options.config, io);
  const range = rangeOf(options, config.timezone, Date.now());
  const perWeek = options.suggest === undefined ? null : perWeekOf(options.suggest);
  const rules = chosenRules(config, options.rule);
  const other = options.diff === undefined ? null : await loadWithoutChannels(options.diff, io, '--diff');

  const stopping = new AbortController();
  void io.stopped.then(() => stopping.abort());
  const { store } = await openAudit(config, { mustExist: true });
  const note = unsetNote(config);
  if (note !== null) io.err(note);
  const bar = openProgressBar('replaying', io.stderrIsTerminal);
  /** With --diff, the replay of the other file is the second half of the work. */
  const progressed = (pass: 0 | 1) => (done: number, total: number) =>
    bar.update(pass + done / total, other === null ? 1 : 2);
  try {
    const parts = partsOf(config, rules, store, range);
    const run = { from: range.from, to: range.to, stopping: stopping.signal };
    const own = await backtestRules(parts, {
      ...run,
      progressed: progressed(0),
      perWeek,
      withSeries: options.format === 'html',
    });
    let diff: Difference | null = null;
    if (other !== null && options.diff !== undefined) {
      const theirs = other.rules.filter(({ name, enabled }) =>
        options.rule.length === 0 ? enabled : options.rule.includes(name),
      );
      const replayed = await backtestRules(partsOf(other, theirs, store, range), {
        ...run,
        progressed: progressed(1),
        perWeek: null,
        withSeries: false,
      });
      const failed = replayed.rules.flatMap(({ rule, error }) =>
        error === null ? [] : [{ rule: rule.name, error }],
      );
      diff = { file: options.diff, ...differenceOf(own.alerts, replayed.alerts, config.timezone), failed };
    }
    bar.stop();
    const { from, to } = range;
    const instants = parts.grid.replayed.length;
    const result = { from, to, step: options.step, zone: config.timezone, instants, ...own, perWeek, diff };
    io.out(await printed(result, options.format, io));
    const faults = own.rules.filter(({ error }) => error !== null).length + (diff?.failed.length ?? 0);
    return faults === 0 ? 0 : 1;
  } finally {
    bar.stop();
    await store.close();
  }
}

async function printed(
  result: BacktestResult,
  format: BacktestCommandOptions['format'],
  io: Io,
): Promise<string> {
  if (format === 'json') return backtestJson(result);
  if (format === 'table') return backtestTable(result, io.colour);
  const { backtestHtml } = await import('../backtest/html.ts');
  return backtestHtml(result);
}

/** A file's rules with the file's own zone, schedule and silences. The store may be that of another file. */
function partsOf(config: Config, rules: readonly Rule[], store: AuditStore, range: Range): ReplayParts {
  const fingerprints = ruleFingerprints(
    config.rules.map((rule) => ({ name: rule.name, identity: ruleTypeOf(rule).identity(rule) })),
  );
  const { timezone: zone, silences } = config;
  return { store, rules, fingerprints, silences, zone, grid: gridOf(config, rules, range) };
}

function gridOf({ schedule, timezone }: Config, rules: readonly Rule[], { from, to, stepMs }: Range): Grid {
  const lookBackMs = largestOf(
    rules.map(({ forMs }) => forMs),
    0,
  );
  if (stepMs !== null) return steppedGrid(from, to, stepMs, lookBackMs);
  return scheduledGrid(cronSchedule(schedule, timezone), from, to, lookBackMs);
}

function perWeekOf(text: string): number {
  const perWeek = /^(\d+(?:\.\d+)?)\/week$/.exec(text)?.[1];
  if (perWeek === undefined || !(Number(perWeek) > 0)) {
    throw new AppError('usage', `--suggest ${text} is not a number of alerts`, {
      hint: 'write so many a week: 2/week, 0.5/week',
    });
  }
  return Number(perWeek);
}
