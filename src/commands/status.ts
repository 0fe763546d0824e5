// `spendwatch status`: how things stand, from the state store.

import { fingerprintsOf } from '../app.ts';
import type { Config } from '../config/config.ts';
import { fileId } from '../config/file-id.ts';
import { sumsBasis } from '../config/sums-basis.ts';
import { jsonText } from '../model/json.ts';
import { nextTime } from '../model/next-time.ts';
import { painter } from '../model/painter.ts';
import { reportFingerprint } from '../model/report-key.ts';
import type { Sql } from '../sql/port.ts';
import { readStatus } from '../state/read-status.ts';
import { statusJson } from '../status/json.ts';
import { type FileNow, type Status, statusOf } from '../status/status.ts';
import { statusTable } from '../status/table.ts';
import type { Io } from './io.ts';
import { loadWithoutChannels } from './load.ts';
import { withKeptState } from './state.ts';

export interface StatusOptions {
  readonly config: string;
  readonly format: 'table' | 'json';
}

const DAY = 86_400_000;
/** As long ago as `history` looks by default. */
const GIVEN_UP_MS = 7 * DAY;
/** Messages about spendwatch itself are sent once a day. */
const HEALTH_MS = DAY;
/** In JSON; a table shows fewer. */
const MOST_FIRING = 1_000;

/** Prints it. Resolves to 0. */
export async function status({ config: path, format }: StatusOptions, io: Io): Promise<number> {
  const config = await loadWithoutChannels(path, io);
  const result = await withKeptState(config, io, 'read', (sql) => readStatusOf(config, sql));
  const width = io.stdoutIsTerminal ? io.columns : Number.POSITIVE_INFINITY;
  io.out(
    format === 'json'
      ? jsonText(statusJson(result), 2)
      : statusTable(result, { zone: config.timezone, paint: painter(io.colour), width }),
  );
  return 0;
}

/** How things stand now, from a state store whose schema is current. */
export async function readStatusOf(config: Config, sql: Sql): Promise<Status> {
  const now = Date.now();
  const file = fileNow(config, now);
  const found = await readStatus(sql, {
    fingerprints: file.rules.map(({ fingerprint }) => fingerprint),
    reports: file.reports.map(({ fingerprint }) => fingerprint),
    basis: sumsBasis(config),
    now,
    givenUpSince: now - GIVEN_UP_MS,
    healthSince: now - HEALTH_MS,
    mostFiring: MOST_FIRING,
  });
  return statusOf(found, file, now);
}

function fileNow(config: Config, now: number): FileNow {
  const fingerprints = fingerprintsOf(config);
  const id = fileId(config);
  return {
    id,
    rules: config.rules.flatMap((rule) => {
      const fingerprint = fingerprints.get(rule.name);
      return rule.enabled && fingerprint !== undefined ? [{ rule, fingerprint }] : [];
    }),
    silences: config.silences,
    reports: config.reports.map(({ name, schedule }) => ({
      name,
      nextAt: nextTime(schedule, config.timezone, now),
      fingerprint: reportFingerprint(id, name),
    })),
    channels: new Map([...config.channels].map(([name, { type }]) => [name, type])),
  };
}
