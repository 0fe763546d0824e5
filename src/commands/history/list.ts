// `spendwatch history`: what was told in the last days, and what became of it.

import type { Config } from '../../config/config.ts';
import { nearest } from '../../config/nearest.ts';
import { historyJson } from '../../history/json.ts';
import { findHistory } from '../../history/read.ts';
import { historyTable, retryHint } from '../../history/table.ts';
import { displayText } from '../../model/display-text.ts';
import { painter } from '../../model/painter.ts';
import { type Outcome, readHistory } from '../../state/read-history.ts';
import type { Io } from '../io.ts';
import { loadWithoutChannels } from '../load.ts';
import { withKeptState } from '../state.ts';

export interface HistoryOptions {
  readonly config: string;
  /** How long ago it begins, ms. */
  readonly since: number;
  readonly rule: readonly string[];
  readonly channel: readonly string[];
  readonly outcome: readonly Outcome[];
  readonly limit: number;
  readonly format: 'table' | 'json';
}

/** Prints it, the newest first. Resolves to 0. */
export async function historyOf(options: HistoryOptions, io: Io): Promise<number> {
  const config = await loadWithoutChannels(options.config, io);
  warnOfUnknown(
    'rule',
    options.rule,
    config.rules.map(({ name }) => name),
    config,
    io,
  );
  warnOfUnknown('channel', options.channel, [...config.channels.keys()], config, io);
  const until = Date.now();
  const since = until - options.since;
  const { rule: rules, channel: channels, outcome: outcomes, limit } = options;
  const found = await withKeptState(config, io, 'read', (sql) =>
    findHistory(
      (question, take) => readHistory(sql, question, take),
      { since, rules, channels, outcomes },
      { until, limit },
    ),
  );
  if (options.format === 'json') {
    io.out(JSON.stringify(historyJson(found), null, 2));
    return 0;
  }
  const width = io.stdoutIsTerminal ? io.columns : Number.POSITIVE_INFINITY;
  io.out(historyTable(found, { zone: config.timezone, paint: painter(io.colour), width }));
  const hint = retryHint(found.entries);
  if (hint !== null) io.out(`\n${hint}`);
  return 0;
}

/** The state may know rules and channels that the file had before, so these are no mistakes. */
function warnOfUnknown(
  kind: 'rule' | 'channel',
  asked: readonly string[],
  known: readonly string[],
  config: Config,
  io: Io,
): void {
  for (const name of asked) {
    if (known.includes(name)) continue;
    const close = nearest(name, known);
    const meant = close === null ? '' : `; did you mean ${close}?`;
    io.err(`spendwatch: warning: there is no ${kind} ${displayText(name)} in ${config.path}${meant}`);
  }
}
