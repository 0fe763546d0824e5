import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { showAll } from '../../src/model/redact.ts';
import { openSql } from '../../src/sql/open.ts';
import { sqlError } from '../../src/sql/sql-error.ts';
import { selfSigned } from '../channels/certificate.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { startPostgres } from '../support/postgres-server.ts';

const AS_TLS = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

/** What the first query of a URL says, or why there is no answer. */
async function first(url: string, baseDir?: string): Promise<unknown> {
  const sql = await openSql(url, baseDir === undefined ? {} : { baseDir });
  try {
    return (await sql.query(AS_TLS))[0]?.ssl;
  } finally {
    await sql.close();
  }
}

function withParameters(url: string, parameters: Readonly<Record<string, string>>, host?: string): string {
  const changed = new URL(url);
  if (host !== undefined) changed.hostname = host;
  for (const [key, value] of Object.entries(parameters)) changed.searchParams.set(key, value);
  return changed.href;
}

describe('a server with TLS', () => {
  const own = selfSigned();
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spendwatch-tls-'));
    await writeFile(join(folder, 'ca.crt'), own.cert);
    await writeFile(join(folder, 'other.crt'), selfSigned().cert);
    server = await startPostgres(own);
  }, 600_000);
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    [{ sslmode: 'disable' }, false],
    [{ sslmode: 'allow' }, false],
    [{ sslmode: 'prefer' }, true],
    [{ sslmode: 'require' }, true],
    [{ sslmode: 'no-verify' }, true],
    [{ ssl: 'require' }, true],
    [{ sslmode: 'require', sslrootcert: 'ca.crt' }, true],
    [{ sslmode: 'verify-ca', sslrootcert: 'ca.crt' }, true],
    [{ sslmode: 'verify-full', sslrootcert: 'ca.crt' }, true],
    [{ sslmode: 'require', channel_binding: 'require', connect_timeout: '300' }, true],
  ])('is connected to as libpq would: %j', async (parameters, isEncrypted) => {
    expect(await first(withParameters(server.url, parameters), folder)).toBe(isEncrypted);
  });

  it.each([
    [{ sslmode: 'verify-ca' }, /NODE_EXTRA_CA_CERTS/],
    [{ sslmode: 'verify-full' }, /sslrootcert/],
    [{ sslmode: 'require', sslrootcert: 'other.crt' }, /sslrootcert/],
    [{ sslmode: 'verify-full', sslrootcert: 'none.crt' }, /Check the path after sslrootcert=/],
  ])('that is not trusted is reported with its cure: %j', async (parameters, hint) => {
    const fault = await first(withParameters(server.url, parameters), folder).catch(
      (error: unknown) => error,
    );
    expect(fault).toMatchObject({ hint: expect.stringMatching(hint) });
    expect(String(fault)).not.toContain('spendwatch-test');
  });

  it.runIf(process.platform === 'linux')(
    'whose certificate has another name is refused with that reason; verify-ca ignores the name',
    async () => {
      const named = (sslmode: string) =>
        first(withParameters(server.url, { sslmode, sslrootcert: 'ca.crt' }, '127.0.0.2'), folder);
      await expect(named('verify-full')).rejects.toMatchObject({
        code: 'store_unreachable',
        hint: expect.stringContaining('as its certificate does'),
      });
      expect(await named('verify-ca')).toBe(true);
    },
  );

  it('is connected to without a raw warning of the driver', () => {
    const url = withParameters(server.url, { sslmode: 'require' });
    const script = `import { openSql } from '${join(import.meta.dirname, '../../src/sql/open.ts')}';
      const sql = await openSql(process.env.URL); await sql.query('SELECT 1'); await sql.close();`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const { stderr, status } = spawnSync(process.execPath, args, {
      env: { ...process.env, URL: url },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});

describe('a server without TLS', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it.each(['prefer', 'allow', 'disable'])('is connected to without TLS with sslmode=%s', async (sslmode) => {
    expect(await first(withParameters(database.url, { sslmode }))).toBe(false);
  });

  it.each(['require', 'verify-full'])('is reported with its cure with sslmode=%s', async (sslmode) => {
    await expect(first(withParameters(database.url, { sslmode }))).rejects.toMatchObject({
      code: 'store_unreachable',
      message: expect.stringMatching(/^PostgreSQL at 127\.0\.0\.1:\d+, database "/),
      hint: expect.stringContaining('The server has no TLS'),
    });
  });

  it('is found by the spellings of SQLAlchemy and Prisma, whose schema is where names are looked up', async () => {
    const sql = await openSql(database.url);
    await sql.query('CREATE SCHEMA "My app"');
    await sql.query('CREATE TABLE "My app".calls AS SELECT 7 AS n');
    await sql.close();
    const url = withParameters(database.url, { schema: 'My app', connection_limit: '1' });
    const app = await openSql(url.replace('postgres:', 'postgresql+psycopg:').replaceAll('+app', '%20app'));
    try {
      expect(await app.query('SELECT n FROM calls')).toEqual([{ n: 7 }]);
      expect(await app.transaction({}, (session) => session.query('SELECT n FROM calls'))).toEqual([
        { n: 7 },
      ]);
    } finally {
      await app.close();
    }
  });
});

describe('other faults of servers', () => {
  const thrown = (code: string, message: string) => Object.assign(new Error(message), { code });

  it.each([
    [
      '28000',
      'no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", no encryption',
      /sslmode=verify-full/,
    ],
    ['40001', 'canceling statement due to conflict with recovery', /hot_standby_feedback/],
    ['', 'Received unexpected copyData message from backend.', /no PostgreSQL/],
    ['CERT_HAS_EXPIRED', 'certificate has expired', /Renew/],
    [
      '28000',
      'no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", SSL encryption',
      /pg_hba\.conf/,
    ],
  ])('have their own cures: %s %s', (code, message, hint) => {
    expect(sqlError(thrown(code, message), { name: 'here', redact: showAll }).hint).toMatch(hint);
  });
});
