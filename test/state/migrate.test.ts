import { randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import type { Sql } from '../../src/sql/port.ts';
import { migrate } from '../../src/state/migrate.ts';
import { createDatabase } from '../support/database.ts';
import { ENGINES, stateDatabase } from './engines.ts';

describe.each(ENGINES)('the schema of the state, on %s', (engine) => {
  const database = stateDatabase(engine);

  test('is made by many at once, and by the next ones left as it is', async () => {
    await Promise.all(Array.from({ length: 5 }, () => migrate(database.sql)));
    await migrate(database.sql);
    const rows = await database.sql.query<{ number: number }>('SELECT number FROM spendwatch.migration');
    expect(rows.map(({ number }) => number)).toEqual(rows.map((_, i) => i + 1));
    expect(rows.length).toBeGreaterThan(0);
  });

  test('is refused by a program that is older than it', async () => {
    await migrate(database.sql);
    await database.sql.query(
      `INSERT INTO spendwatch.migration (number, name) VALUES (9000, 'of_the_future')`,
    );
    await expect(migrate(database.sql)).rejects.toMatchObject({ code: 'state_newer' });
    await database.sql.query('DELETE FROM spendwatch.migration WHERE number = 9000');
  });
});

describe('a role with few privileges', () => {
  /** A role that may only connect, and a port of the owner's to grant it more. */
  async function limited(): Promise<{ admin: Sql; sql: Sql; role: string }> {
    const database = await createDatabase();
    const admin = await openSql(database.url);
    const role = `limited_${randomBytes(4).toString('hex')}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'limited-secret'`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'limited-secret';
    const sql = await openSql(url.href);
    onTestFinished(async () => {
      await sql.close();
      await admin.query(`DROP OWNED BY ${role}`);
      await admin.query(`DROP ROLE ${role}`);
      await admin.close();
      await database.drop();
    });
    return { admin, sql, role };
  }

  test('that may not create the schema gets the statement that grants it', async () => {
    const { sql } = await limited();
    await expect(migrate(sql)).rejects.toMatchObject({
      code: 'state_forbidden',
      hint: expect.stringContaining('CREATE SCHEMA spendwatch AUTHORIZATION'),
    });
  });

  test('that owns the schema needs nothing of the database', async () => {
    const { admin, sql, role } = await limited();
    await admin.query(`CREATE SCHEMA spendwatch AUTHORIZATION ${role}`);
    await migrate(sql);
    expect(await sql.query('SELECT * FROM spendwatch.delivery')).toEqual([]);
  });

  test('that may not use or fill the schema gets the statement that grants it', async () => {
    const { admin, sql, role } = await limited();
    await admin.query('CREATE SCHEMA spendwatch');
    await expect(migrate(sql)).rejects.toMatchObject({ code: 'state_forbidden' });
    await admin.query(`GRANT USAGE ON SCHEMA spendwatch TO ${role}`);
    await expect(migrate(sql)).rejects.toMatchObject({
      code: 'state_forbidden',
      hint: expect.stringContaining('GRANT USAGE, CREATE ON SCHEMA spendwatch'),
    });
  });
});
