// The silences that people add by command.

import { randomInt } from 'node:crypto';
import { AppError } from '../model/errors.ts';
import type { Once, Silence } from '../model/rule.ts';
import type { SqlSession } from '../sql/port.ts';
import { readAlertsOf } from './read-incidents.ts';

/** What a person asks for. */
export interface NewSilence extends Silence {
  readonly times: Once;
  readonly createdBy: string;
}

/** A silence as it is kept. `times` is as it was asked for, and `endedAt` when somebody ended it; null where nobody did. */
export interface StoredSilence extends NewSilence {
  readonly id: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** Letters and digits that are not taken for each other. */
const ALPHABET = '23456789bcdfghjkmnpqrstvwxz';
const ID_LENGTH = 5;

/** Keeps a silence, and gives it an id that people can type. */
export async function addSilence(sql: SqlSession, silence: NewSilence, now: number): Promise<StoredSilence> {
  const { rule, incident, match, times, reason, createdBy } = silence;
  const named = { ...(rule !== null && { rule }), ...(incident !== null && { incident }), ...match };
  const values = [
    JSON.stringify(named),
    new Date(times.from),
    new Date(times.until),
    reason,
    new Date(now),
    createdBy,
  ];
  // Ten ids that are all taken already do not happen with fewer than a million silences.
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const [row] = await sql.query<SilenceRow>(
      `INSERT INTO spendwatch.silence (id, match, silent_from, silent_until, reason, created_at, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING RETURNING *`,
      [newId(), ...values],
    );
    if (row !== undefined) return storedOf(row);
  }
  throw new AppError('state_full', 'no id could be found for the silence');
}

/** Those that hold at some instant of [from, to], each until it was ended. */
export async function readSilences(sql: SqlSession, from: number, to: number): Promise<Silence[]> {
  const rows = await sql.query<SilenceRow>(
    `SELECT * FROM spendwatch.silence
     WHERE silent_from <= $2 AND LEAST(silent_until, ended_at) > $1 ORDER BY created_at, id`,
    [new Date(from), new Date(to)],
  );
  return rows.map(storedOf).filter(namesSomething).map(inForce);
}

/** Silences, and the alerts that belong to the incidents which they name. */
export interface SilencesSeen {
  readonly silences: readonly Silence[];
  /** The incident of an alert, where a silence names it; null for every other alert. Null where no silence names one. */
  readonly incidentOf: ((fingerprint: string, groupId: string) => string | null) | null;
}

/** Those that hold at an instant, from a state store whose schema may be missing or of another version. */
export async function peekSilences(
  sql: SqlSession,
  at: number,
  ofFile: readonly Silence[],
): Promise<SilencesSeen> {
  const [found] = await sql.query<{ silences: boolean; alerts: boolean }>(
    `SELECT to_regclass('spendwatch.silence') IS NOT NULL AS silences,
            to_regclass('spendwatch.alert') IS NOT NULL AS alerts`,
  );
  const silences = found?.silences === true ? await readSilences(sql, at, at) : [];
  const named = [...ofFile, ...silences].flatMap(({ incident }) => incident ?? []);
  const incidents = found?.alerts === true && named.length > 0 ? await readAlertsOf(sql, named) : null;
  return {
    silences,
    incidentOf: incidents && ((fingerprint, groupId) => incidents.get(fingerprint)?.get(groupId) ?? null),
  };
}

/** Those that are not over at `now`, or all; the newest first. */
export async function listSilences(sql: SqlSession, now: number | 'all'): Promise<StoredSilence[]> {
  const rows = await sql.query<SilenceRow>(
    `SELECT * FROM spendwatch.silence WHERE $1::timestamptz IS NULL OR LEAST(silent_until, ended_at) > $1
     ORDER BY created_at DESC, id`,
    [now === 'all' ? null : new Date(now)],
  );
  return rows.map(storedOf);
}

/** Ends a silence and returns it as it was before; one that is over stays as it is. Null where there is none of that id. */
export async function endSilence(sql: SqlSession, id: string, now: number): Promise<StoredSilence | null> {
  const [row] = await sql.query<SilenceRow>(
    `WITH before AS (SELECT * FROM spendwatch.silence WHERE id = $1 FOR UPDATE), ended AS (
       UPDATE spendwatch.silence AS silence SET ended_at = $2 FROM before
       WHERE silence.id = before.id AND LEAST(before.silent_until, before.ended_at) > $2)
     SELECT * FROM before`,
    [id, new Date(now)],
  );
  return row === undefined ? null : storedOf(row);
}

/** When a silence is over: at its end, or before it where somebody ended it. */
export function overAt({ times, endedAt }: Pick<StoredSilence, 'times' | 'endedAt'>): number {
  return endedAt === null ? times.until : Math.min(times.until, endedAt);
}

interface SilenceRow {
  readonly id: string;
  readonly match: Readonly<Record<string, string | null>>;
  readonly silent_from: Date;
  readonly silent_until: Date;
  readonly reason: string;
  readonly created_at: Date;
  readonly created_by: string;
  readonly ended_at: Date | null;
}

function storedOf(row: SilenceRow): StoredSilence {
  const { rule = null, incident = null, ...match } = row.match;
  return {
    id: row.id,
    rule,
    incident,
    match,
    times: { from: row.silent_from.getTime(), until: row.silent_until.getTime() },
    reason: row.reason,
    createdAt: row.created_at.getTime(),
    createdBy: row.created_by,
    endedAt: row.ended_at?.getTime() ?? null,
  };
}

/** A row without a name would silence everything. No command writes one. */
function namesSomething({ rule, incident, match }: Silence): boolean {
  return rule !== null || incident !== null || Object.keys(match).length > 0;
}

function inForce(stored: StoredSilence): Silence {
  const { rule, incident, match, times, reason, createdBy } = stored;
  return { rule, incident, match, times: { from: times.from, until: overAt(stored) }, reason, createdBy };
}

function newId(): string {
  return Array.from({ length: ID_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}
