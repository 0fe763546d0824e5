import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import { spendwatch } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const STEPS = README.slice(README.indexOf('## Five minutes'), README.indexOf('## Commands'));

/** The first block of a language in a step, without its indentation. */
const block = (language: string): string =>
  new RegExp(`^ {3}\`\`\`${language}\\n([\\s\\S]*?)^ {3}\`\`\``, 'm')
    .exec(STEPS)?.[1]
    ?.replace(/^ {3}/gm, '') ?? '';

let database: Awaited<ReturnType<typeof createDatabase>>;
let folder: Awaited<ReturnType<typeof makeFolder>>;
const role = `reader_of_readme_${Date.now().toString(36)}`;

beforeAll(async () => {
  database = await createDatabase();
  folder = await makeFolder({ 'calls.csv': block('csv') });
});
afterAll(async () => {
  await Promise.all([database?.drop(), folder?.remove()]);
  const sql = await openSql(new URL('/postgres', database.url).href);
  await sql.query(`DROP ROLE IF EXISTS ${role}`);
  await sql.close();
});

it("the README's five minutes with your own table work in their order, before a token is set", async () => {
  const admin = await openSql(database.url);
  await admin.query(`CREATE TABLE public.ai_calls (called_at timestamptz, usd numeric, app text, model text, login text,
    tokens_in int, tokens_out int, http int); CREATE INDEX ON public.ai_calls (called_at)`);
  const env: Record<string, string> = { SPENDWATCH_CONFIG: 'my-alerts.yaml' };
  const run = (...args: string[]) => spendwatch(args, { cwd: folder.path, env });

  expect((await run('init')).code).toBe(0);
  const written = await readFile(join(folder.path, 'my-alerts.yaml'), 'utf8');
  const audit = /^audit:[\s\S]*?(?=^# state:)/m;
  expect(written).toMatch(audit);
  await folder.write(
    'my-alerts.yaml',
    written.replace(audit, () => `${block('yaml')}\n`),
  );

  const grants = block('sql')
    .replace(/\b(ROLE|TO|AUTHORIZATION) spendwatch\b/g, `$1 ${role}`)
    .replace('…', 'a-password');
  expect(grants.match(new RegExp(role, 'g'))?.length).toBe(3);
  await admin.query(grants);
  await admin.close();
  const url = new URL(database.url);
  [url.username, url.password] = [role, 'a-password'];
  env.AUDIT_DATABASE_URL = url.href;

  const validated = await run('validate', '--connect');
  expect([validated.code, validated.stderr]).toEqual([
    0,
    'channel oncall: warning: token is still the placeholder of the example\n  hint: set SLACK_BOT_TOKEN, or write token\n',
  ]);
  expect((await run('check')).code).toBe(0);
});

it('and so do they without a database, on the CSV of the page', async () => {
  const run = (...args: string[]) => spendwatch([...args, '-c', 'own.yaml'], { cwd: folder.path });
  expect((await run('init')).code).toBe(0);
  expect((await run('import', 'calls.csv')).stdout).toContain('imported 1 rows');
  expect((await run('validate', '--connect')).code).toBe(0);
  expect((await run('check')).code).toBe(0);
});
