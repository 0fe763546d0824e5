// Functions that an expression calls, and what is written in them.

import type { SqlSession } from '../sql/port.ts';

/** The names in front of brackets, as the catalog has them. */
export function namesCalled(sql: string): string[] {
  return [...sql.matchAll(/(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))\s*\(/gu)].map(
    ([, quoted, plain = '']) => (quoted === undefined ? plain.toLowerCase() : quoted.replaceAll('""', '"')),
  );
}

/** What is written in the functions of that database which an expression calls, and in those that these call. */
export async function bodiesCalled(sql: string, session: SqlSession): Promise<string[]> {
  const bodies: string[] = [];
  const seen = new Set<string>();
  let names = namesCalled(sql);
  while (names.length > 0) {
    for (const name of names) seen.add(name);
    // A body that was read when the function was made (BEGIN ATOMIC) has no text of its own.
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
