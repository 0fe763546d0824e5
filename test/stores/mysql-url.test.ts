import { describe, expect, it } from 'vitest';
import { engineOf } from '../../src/stores/index.ts';
import { mysql } from '../../src/stores/mysql/mysql.ts';
import { parseMysqlUrl } from '../../src/stores/mysql/url.ts';

describe('a URL of MySQL', () => {
  it('is read with its login, its port and TLS by the names of MySQL or PostgreSQL', () => {
    expect(
      parseMysqlUrl('mysql+pymysql://an%40n:p%2Fw@db:3307/calls?ssl-mode=verify-identity&SSL-CA=a.pem'),
    ).toEqual({
      user: 'an@n',
      password: 'p/w',
      host: 'db',
      port: 3307,
      database: 'calls',
      parameters: new Map([
        ['sslmode', 'verify-full'],
        ['sslrootcert', 'a.pem'],
      ]),
      place: 'db:3307/calls',
    });
    expect(parseMysqlUrl('mysql://ann@db/calls')).toMatchObject({ port: 3306, password: undefined });
    expect(engineOf('MariaDB+pymysql://ann@db/calls')).toBe(mysql);
    expect(parseMysqlUrl('MariaDB+pymysql://ann@db/calls')).toEqual(parseMysqlUrl('mysql://ann@db/calls'));
  });

  it.each([
    ['mysql://ann:planted-secret@db', 'it lacks a user, a host or a database'],
    ['mysql://db/calls', 'it lacks a user'],
    ['mysql://ann:planted/secret@db/calls', 'percent-encoded'],
    ['mysql://ann:planted-secret@db:x/calls', 'not a URL of MySQL'],
    ['mysql://ann:planted-secret@db/calls?charset=planted-secret', 'a parameter that is not known'],
    ['mysql://ann:planted-secret@db/calls?ssl-mode=ALWAYS', 'ssl'],
  ])('%s is refused without a word of its password', (url, words) => {
    const fault = mysql.urlFault?.(url);
    expect(fault?.fault).toContain(words);
    expect(JSON.stringify(fault)).not.toMatch(/planted/);
    expect(mysql.placeOf(url)).not.toMatch(/planted/);
  });
});
