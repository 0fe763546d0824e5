// Finds the functions that an expression calls, and their bodies.

import type { SqlSession } from '../sql/port.ts';

/** The names before opening brackets, spelled as in the catalog. */
export function namesCalled(sql: string): string[] {
  return [...sql.matchAll(/(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))\s*\(/gu)].map(
    ([, quoted, plain = '']) => (quoted === undefined ? plain.toLowerCase() : quoted.replaceAll('""', '"')),
  );
}

/** The bodies of the database's functions that an expression calls, and of those that they call in turn. */
export async function bodiesCalled(sql: string, session: SqlSession): Promise<string[]> {
  const bodies: string[] = [];
  const seen = new Set<string>();
  let names = namesCalled(sql);
  while (names.length > 0) {
    for (const name of names) seen.add(name);
    // A function with a parsed body (BEGIN ATOMIC) has no text.
    const rows = await session.query<{ body: string }>(
      `SELECT CASE WHEN prosrc = '' THEN pg_get_functiondef(called.oid) ELSE prosrc END AS body
       FROM pg_proc AS called JOIN pg_language AS language ON language.oid = called.prolang
       WHERE language.lanname IN ('sql', 'plpgsql') AND called.prokind = 'f' AND called.proname = ANY($1::text[])
         AND called.pronamespace <> 'pg_catalog'::regnamespace`,
      [names],
    );
    for (const { body } of rows) bodies.push(body);
    names = [...new Set(rows.flatMap(({ body }) => namesCalled(body)))].filter((name) => !seen.has(name));
  }
  return bodies;
}
