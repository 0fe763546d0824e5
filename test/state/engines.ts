import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { createDatabase } from '../support/database.ts';
import { makeEmbedded } from '../support/shared.ts';

export const ENGINES = ['postgres', 'pglite'] as const;

/** An empty state database of the suite's own, open between its first and its last test. */
export function stateDatabase(engine: (typeof ENGINES)[number]): { readonly sql: Sql; readonly url: string } {
  let sql: Sql | null = null;
  let url = '';
  let remove: () => Promise<void> = async () => undefined;
  beforeAll(async () => {
    if (engine === 'postgres') {
      const database = await createDatabase();
      [url, remove] = [database.url, database.drop];
    } else {
      const folder = await mkdtemp(join(tmpdir(), 'spendwatch-state-'));
      await makeEmbedded(join(folder, 'data'));
      url = `pglite:${join(folder, 'data')}`;
      remove = () => rm(folder, { recursive: true, force: true });
    }
    sql = await openSql(url);
  });
  afterAll(async () => {
    await sql?.close();
    await remove();
  });
  return {
    get sql() {
      if (sql === null) throw new Error('the database is not open yet');
      return sql;
    },
    get url() {
      return url;
    },
  };
}
