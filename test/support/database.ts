import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { shared } from './shared.ts';

/** A database of a test's own. */
export interface TestDatabase {
  readonly url: string;
  /** Ends what is still connected and removes it. */
  drop(): Promise<void>;
}

/** A new, empty database on the run's PostgreSQL, whose session zone is America/New_York; `options` are of CREATE DATABASE. */
export async function createDatabase(options = ''): Promise<TestDatabase> {
  const serverUrl = await shared('postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(serverUrl, `CREATE DATABASE ${name} ${options}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** One statement outside of a transaction, which VACUUM and some others ask for. */
export async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
