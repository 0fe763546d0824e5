// `spendwatch silence list`: the silences that were added by command.

import Table from 'cli-table3';
import { NO_BORDERS } from '../../check/table.ts';
import type { Config } from '../../config/config.ts';
import { displayText } from '../../model/display-text.ts';
import { localTime } from '../../model/display-time.ts';
import { counted } from '../../model/display-value.ts';
import { listSilences, overAt, type StoredSilence } from '../../state/silences.ts';
import { matchText, silenceJson, stateOf } from '../../status/silence-shape.ts';
import type { Io } from '../io.ts';
import { loadWithoutChannels } from '../load.ts';
import { withState } from '../state.ts';

export interface ListOptions {
  readonly config: string;
  readonly all: boolean;
  readonly format: 'table' | 'json';
}

/** Prints them, the newest first. Resolves to 0. */
export async function listSilencesOf(options: ListOptions, io: Io): Promise<number> {
  const config = await loadWithoutChannels(options.config, io);
  const now = Date.now();
  const silences = await withState(config, io, (sql) => listSilences(sql, options.all ? 'all' : now));
  io.out(
    options.format === 'json'
      ? JSON.stringify({ silences: silences.map((one) => silenceJson(one, now)) }, null, 2)
      : tableOf(silences, now, config, options.all),
  );
  return 0;
}

function tableOf(silences: readonly StoredSilence[], now: number, config: Config, isAll: boolean): string {
  const inFile = config.silences.length;
  const more =
    inFile === 0
      ? []
      : [`${counted(inFile, 'more silence')} stand${inFile === 1 ? 's' : ''} in ${config.path}`];
  if (silences.length === 0) {
    const none = isAll ? 'no silence was added' : 'no silence is open (--all shows those that are over)';
    return [none, ...more].join('\n');
  }
  const table = new Table({
    head: ['id', 'state', 'what', 'from', 'until', 'by', 'reason'],
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const silence of silences) {
    const { id, times, createdBy, reason } = silence;
    const span = { from: times.from, until: overAt(silence) };
    const [from, until] = [span.from, span.until].map((at) => localTime(at, config.timezone));
    table.push([
      id,
      stateOf(span, now),
      matchText(silence),
      from,
      until,
      displayText(createdBy, 40),
      reason === '' ? '' : displayText(reason),
    ]);
  }
  return [table.toString().replace(/[ ]+$/gm, ''), ...more].join('\n');
}
