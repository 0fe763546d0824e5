import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { createDatabase } from './database.ts';
import { makeEmbedded } from './shared.ts';

/** An empty database on one of the engines, and its end. */
export interface EngineUnderTest {
  readonly url: string;
  readonly sql: Sql;
  stop(): Promise<void>;
}

export const ENGINES = ['postgres', 'pglite'] as const;

export async function startEngine(engine: (typeof ENGINES)[number]): Promise<EngineUnderTest> {
  if (engine === 'postgres') {
    const database = await createDatabase();
    const sql = await openSql(database.url);
    return {
      url: database.url,
      sql,
      stop: async () => {
        await sql.close();
        await database.drop();
      },
    };
  }
  const parent = await mkdtemp(join(tmpdir(), 'spendwatch-pglite-'));
  await makeEmbedded(join(parent, 'data'));
  const url = `pglite:${join(parent, 'data')}`;
  const sql = await openSql(url);
  return {
    url,
    sql,
    stop: async () => {
      await sql.close();
      await rm(parent, { recursive: true, force: true });
    },
  };
}
