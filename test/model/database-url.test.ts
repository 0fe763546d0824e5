import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl, withoutEffect } from '../../src/model/database-url.ts';

const parts = (text: string) => {
  const parsed = parseDatabaseUrl(text);
  if ('fault' in parsed) return parsed;
  const { user, password, host, port, database, place } = parsed;
  return [user, password, host, port, database, place];
};
const none = undefined;

describe('a database URL', () => {
  it.each([
    ['postgres://u:p@h:5433/d', ['u', 'p', 'h', 5433, 'd', 'h:5433/d']],
    ['postgresql://u@h', ['u', none, 'h', none, none, 'h']],
    ['postgres:///d', [none, none, none, none, 'd', '/d']],
    ['postgres://u:a%2Fb%40c%23%25%3F@h/d', ['u', 'a/b@c#%?', 'h', none, 'd', 'h/d']],
    ['postgres://u:p:q@[::1]:5432/d', ['u', 'p:q', '::1', 5432, 'd', '[::1]:5432/d']],
    [
      'postgres://u:p@/d?host=/var/run/postgresql',
      ['u', 'p', '/var/run/postgresql', none, 'd', '/var/run/postgresql/d'],
    ],
    ['postgres://%2Fvar%2Frun/d', [none, none, '/var/run', none, 'd', '%2Fvar%2Frun/d']],
    ['postgres://h/d?user=u&password=p@ss&port=6432', ['u', 'p@ss', 'h', 6432, 'd', 'h/d']],
    ['postgresql+psycopg2://u:p@h/d', ['u', 'p', 'h', none, 'd', 'h/d']],
    ['postgresql+asyncpg://u:p@h/d?ssl=require', ['u', 'p', 'h', none, 'd', 'h/d']],
    ['postgres://u:p@h/d?schema=app&connection_limit=5', ['u', 'p', 'h', none, 'd', 'h/d']],
  ])('is taken apart: %s', (text, expected) => {
    expect(parts(text)).toEqual(expected);
  });

  it.each(['/', '#', '@', '?', '%', '%zz', '1/2', '12#3', '12?3', '12?3=', '12?3=4&5=', '1@2', '/@', '#?/'])(
    'whose password holds an unescaped %s gets the hint to percent-encode it, without a part of it',
    (letters) => {
      const parsed = parseDatabaseUrl(`postgres://watch:hush${letters}rest@db.example.com:5432/audit`);
      expect(parsed).toMatchObject({ hint: expect.stringContaining('percent-encode it') });
      expect(JSON.stringify(parsed)).not.toMatch(/hush|rest|watch/);
    },
  );

  it.each([
    ['hush', 'not a database URL'],
    ['mysql://u:hush@h/d', 'not a database URL that can be read: it begins with mysql://'],
    ['jdbc:postgresql://h/d?password=hush', 'not a database URL that can be read: it begins with jdbc:'],
    ['"postgres://u:hush@h/d"', 'not a database URL: quotes are part of it'],
    [
      'postgres://u:hush@h/d?connect_timeout=hush',
      'not a database URL: its connect_timeout is not a whole number of seconds',
    ],
    ['postgres://u:hush@h1,h2/d', 'not a database URL: several hosts are named'],
    ['postgres://u:hush@h:0x1/d', 'not a database URL'],
    ['postgres://u:hush@h:99999/d', 'not a database URL: its port is not a number from 1 to 65535'],
    ['postgres://u:hush@h/d?sslmode=required', 'not a database URL: its sslmode is not known'],
    ['postgres://u:hu%ffsh@h/d', expect.stringContaining('percent-encoded')],
  ])('that cannot be used is a fault without its text: %s', (text, fault) => {
    const parsed = parseDatabaseUrl(text);
    expect(parsed).toEqual({ fault, hint: expect.any(String) });
    expect(JSON.stringify(parsed)).not.toContain('hush');
  });

  it.each([
    ['postgres://u:p@h/d?sslmode=no-verify&channel_binding=require&options=endpoint%3Dep-x', []],
    ['postgres://u:p@h/d?pgbouncer=true&connection_limit=1&pool_timeout=0&schema=app', []],
    ['postgres://u:p@h/d?client_encoding=utf8&target_session_attrs=any&connect_timeout=5', []],
    ['postgres://u:p@h/d?ssl_mode=verify-full&sslaccept=strict', ['ssl_mode', 'sslaccept']],
    [
      'postgres://u:p@h/d?statement_timeout=5000&client_encoding=latin1',
      ['statement_timeout', 'client_encoding'],
    ],
  ])('names the parameters without effect: %s', (text, expected) => {
    const parsed = parseDatabaseUrl(text);
    if ('fault' in parsed) throw new Error(parsed.fault);
    expect(withoutEffect(parsed)).toEqual(expected);
  });
});
