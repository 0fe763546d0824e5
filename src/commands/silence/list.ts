// `spendwatch silence list`: the silences that were added by command.

import type { Config } from '../../config/config.ts';
import { counted } from '../../model/display-value.ts';
import { painter } from '../../model/painter.ts';
import { listSilences, type StoredSilence } from '../../state/silences.ts';
import { silenceJson } from '../../status/silence-shape.ts';
import type { Io } from '../io.ts';
import { loadWithoutChannels } from '../load.ts';
import { withState } from '../state.ts';
import { silencesTable } from './table.ts';

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
      : listOf(silences, now, config, options.all, io),
  );
  return 0;
}

function listOf(
  silences: readonly StoredSilence[],
  now: number,
  { silences: { length: inFile }, path, timezone: zone }: Config,
  isAll: boolean,
  io: Io,
): string {
  const width = io.stdoutIsTerminal ? io.columns : Number.POSITIVE_INFINITY;
  const none = isAll ? 'no silence was added' : 'no silence is open (--all shows those that are over)';
  const table = silencesTable(silences, now, { zone, width, paint: painter(io.colour) });
  const more = `${counted(inFile, 'more silence')} stand${inFile === 1 ? 's' : ''} in ${path}`;
  return [silences.length === 0 ? none : table, ...(inFile === 0 ? [] : [more])].join('\n');
}
