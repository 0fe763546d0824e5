// Brings the state's schema up to date.

import { readdir, readFile } from 'node:fs/promises';
import { AppError } from '../model/errors.ts';
import type { Sql, SqlSession } from '../sql/port.ts';

/** A numbered step of the schema: the file `migrations/0001_name.sql`. */
interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
}

/**
 * An arbitrary constant that no other program is likely to use. All replicas take this lock before they read the version.
 */
const MIGRATION_LOCK = 7_330_178_214;
const FOLDER = new URL('./migrations/', import.meta.url);
const FILE = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/**
 * Brings the schema `spendwatch` up to date: each missing migration in a transaction of its own, under a lock, so that
 * replicas may start at once. Throws an AppError: `state_forbidden` where the role lacks a privilege, `state_newer` where a
 * newer program has migrated the schema, because an old one must not write what it cannot read.
 */
export async function migrate(sql: Sql): Promise<void> {
  const migrations = await readMigrations();
  const known = migrations.length;
  for (let newest = 0; newest < known; ) {
    newest = await sql.transaction({}, async (session) => {
      await session.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
      await ensureSchema(session);
      const applied = await newestApplied(session, known);
      const next = migrations[applied];
      if (next !== undefined) await apply(session, next);
      return next?.number ?? applied;
    });
  }
}

/** Whether the schema is exactly the one that this program knows. Changes nothing; false where the role may not read it. */
export async function isCurrent(sql: Sql): Promise<boolean> {
  const known = (await readMigrations()).length;
  const [may] = await sql.query<{ read: boolean | null }>(
    `SELECT has_table_privilege(to_regclass('spendwatch.migration'), 'SELECT') AS read`,
  );
  if (may?.read !== true) return false;
  const [row] = await sql.query<{ newest: number | null }>(
    'SELECT max(number) AS newest FROM spendwatch.migration',
  );
  return row?.newest === known;
}

/**
 * Throws an AppError where the schema is not the one that this program knows, for commands that must not change it: workers of
 * another version may run.
 */
export async function ensureCurrent(sql: Sql): Promise<void> {
  const known = (await readMigrations()).length;
  const [found] = await sql.query<{ read: boolean | null }>(
    `SELECT has_table_privilege(to_regclass('spendwatch.migration'), 'SELECT') AS read`,
  );
  if (found?.read === false) throw forbidden('read schema spendwatch', GRANT_SCHEMA);
  const [row] =
    found?.read === true
      ? await sql.query<{ newest: number | null }>('SELECT max(number) AS newest FROM spendwatch.migration')
      : [];
  const newest = row?.newest ?? 0;
  if (newest === known) return;
  if (newest > known) throw newer(newest, known);
  if (newest === 0) {
    throw new AppError('state_missing', 'no worker has kept its state in this database yet', {
      hint: 'start the worker, or set state.url to the database that it uses',
    });
  }
  throw new AppError(
    'state_older',
    `the state database is at migration ${newest}, and this version of spendwatch knows ${known}`,
    { hint: 'start the worker of this version, which brings it up to date' },
  );
}

function newer(newest: number, known: number): AppError {
  return new AppError(
    'state_newer',
    `The state database is at migration ${newest}, and this version of spendwatch knows ${known}.`,
    { hint: 'Run the newer version of spendwatch that has used this database.' },
  );
}

async function apply(session: SqlSession, { number, name, text }: Migration): Promise<void> {
  await session.query(text);
  await session.query('INSERT INTO spendwatch.migration (number, name) VALUES ($1, $2)', [number, name]);
}

/** A role may own the schema and yet not be allowed to create one, so an existing schema is not created again. */
async function ensureSchema(session: SqlSession): Promise<void> {
  const [may] = await session.query<{ exists: boolean; create: boolean }>(
    `SELECT to_regnamespace('spendwatch') IS NOT NULL AS exists,
            has_database_privilege(current_database(), 'CREATE') AS create`,
  );
  if (may?.exists === true) return;
  if (may?.create !== true) {
    throw forbidden('create schema spendwatch', 'CREATE SCHEMA spendwatch AUTHORIZATION');
  }
  await session.query('CREATE SCHEMA spendwatch');
}

/** The number of the newest migration that was applied. */
async function newestApplied(session: SqlSession, known: number): Promise<number> {
  const [may] = await session.query<{ use: boolean; create: boolean }>(
    `SELECT has_schema_privilege('spendwatch', 'USAGE') AS use,
            has_schema_privilege('spendwatch', 'CREATE') AS create`,
  );
  if (may?.use !== true) throw forbidden('use schema spendwatch', GRANT_SCHEMA);
  const [table] = await session.query<{ exists: boolean }>(
    `SELECT to_regclass('spendwatch.migration') IS NOT NULL AS exists`,
  );
  const [row] =
    table?.exists === true
      ? await session.query<{ newest: number | null }>(
          'SELECT max(number) AS newest FROM spendwatch.migration',
        )
      : [];
  const newest = row?.newest ?? 0;
  if (newest > known) throw newer(newest, known);
  if (newest < known && may.create !== true)
    throw forbidden('create tables in schema spendwatch', GRANT_SCHEMA);
  if (table?.exists !== true) await session.query(MIGRATION_TABLE);
  return newest;
}

const GRANT_SCHEMA = 'GRANT USAGE, CREATE ON SCHEMA spendwatch TO';
const MIGRATION_TABLE = `CREATE TABLE spendwatch.migration (
  number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;

function forbidden(what: string, statement: string): AppError {
  return new AppError('state_forbidden', `The state database does not let its user ${what}.`, {
    hint: `As an administrator: ${statement} <user of state.url>; or give state.url a database of its own.`,
  });
}

async function readMigrations(): Promise<Migration[]> {
  const files = (await readdir(FOLDER)).filter((file) => FILE.test(file)).sort();
  return Promise.all(
    files.map(async (file, i) => {
      const [, digits = '', name = ''] = FILE.exec(file) ?? [];
      if (Number(digits) !== i + 1) throw new RangeError(`migration ${file} is out of sequence`);
      return { number: i + 1, name, text: await readFile(new URL(file, FOLDER), 'utf8') };
    }),
  );
}
