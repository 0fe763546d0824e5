// Whether an expression is one value of its own row.

import type { ColumnSource, Mapping } from '../audit-store.ts';
import { expressionSql, fromSql, type TableColumns } from './names.ts';
import type { Session } from './session.ts';

/** Throws the server's reason where it is not: conditions take no sums and no window functions. No row is read. */
export async function tryExpression(
  source: ColumnSource,
  mapping: Mapping,
  columns: TableColumns,
  session: Session,
): Promise<void> {
  await session.all(`SELECT 1 ${fromSql(mapping, columns)} WHERE ${expressionSql(source)} IS NULL LIMIT 0`);
}
