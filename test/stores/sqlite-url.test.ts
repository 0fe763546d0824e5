import { expect, it } from 'vitest';
import { engineOf } from '../../src/stores/index.ts';
import { sqlite } from '../../src/stores/sqlite/sqlite.ts';

it.each([
  ['sqlite:calls.db', '/etc/spendwatch/calls.db'],
  ['sqlite:../calls.db', '/etc/calls.db'],
  ['sqlite:/data/calls.db', '/data/calls.db'],
  ['sqlite:///calls.db', '/etc/spendwatch/calls.db'],
  ['sqlite:////data/calls.db', '/data/calls.db'],
  ['sqlite://calls.db', '/etc/spendwatch/calls.db'],
  ['SQLite:///calls.db?timeout=5', '/etc/spendwatch/calls.db'],
  ['sqlite+aiosqlite:////data/calls.db', '/data/calls.db'],
])('%s names the file %s', (url, path) => {
  expect(engineOf(url)?.placeOf(url, '/etc/spendwatch')).toBe(`the SQLite file ${path}`);
});

it('other schemes are not taken for SQLite', () => {
  const urls = ['postgres://u@h/sqlite:x', 'pglite:sqlite:', 'sqlite', 'sqlite3:x', '/data/calls.db'];
  expect(urls.map(engineOf)).toEqual(urls.map(() => null));
});

it('a SQLite file is only read: no table is created, and no call inserted', async () => {
  const store = sqlite.open('sqlite:calls.db', { baseDir: '/', statementTimeoutMs: 1_000 }, {}, null);
  const refusal = {
    code: 'store_read_only',
    message: 'SQLite is only read: nothing is created or inserted there.',
    hint: expect.stringContaining('pglite:FOLDER'),
  };
  await expect(store.createTable()).rejects.toMatchObject(refusal);
  await expect(store.insert([{}])).rejects.toMatchObject(refusal);
  await store.close();
});
