// Several questions as one statement.

import type { SqlSession } from '../sql/port.ts';
import type { Parameters } from './source-sql.ts';

/**
 * Asks several questions in one statement, whose parameters they share, and returns the rows of each. For questions with
 * few rows of texts and small integers: rows come as JSON, which would round other numbers.
 */
export async function askTogether(
  parts: readonly string[],
  { values }: Parameters,
  session: SqlSession,
): Promise<unknown[][]> {
  const columns = parts.map((part, i) => `(SELECT json_agg(part) FROM (${part}) AS part)::text AS part${i}`);
  const [row] = await session.query<Record<string, string | null>>(`SELECT ${columns.join(', ')}`, values);
  return parts.map((_, i) => JSON.parse(row?.[`part${i}`] ?? '[]') as unknown[]);
}
