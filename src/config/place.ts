import type { Secret } from '../model/secret.ts';

/** Where a store is, without a login or options: `db.example.com:5432/audit`, `the embedded store ./data`. */
export function placeOf(url: Secret): string {
  const text = url.reveal();
  if (text.startsWith('pglite:')) return `the embedded store ${text.slice('pglite:'.length)}`;
  const { host, pathname } = new URL(text);
  return `${host}${pathname}`;
}
