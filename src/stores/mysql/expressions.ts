// Whether an expression is one value of its own row.

import { AppError } from '../../model/errors.ts';
import type { ColumnSource, Mapping } from '../audit-store.ts';
import { expressionSql, fromSql, type TableColumns } from './names.ts';
import type { Session } from './session.ts';

/** The number of the type in the protocol. */
const GEOMETRY = 255;

/** Throws the server's reason where it is not: conditions take no sums and no window functions. No row is read. */
export async function tryExpression(
  source: ColumnSource,
  mapping: Mapping,
  columns: TableColumns,
  session: Session,
): Promise<void> {
  const sql = expressionSql(source);
  await session.all(`SELECT 1 ${fromSql(mapping, columns)} WHERE ${sql} IS NULL LIMIT 0`);
  const [type] = await session.types(`SELECT ${sql} ${fromSql(mapping, columns)} LIMIT 0`);
  if (type === GEOMETRY)
    throw new AppError(
      'store_query_failed',
      `${sql} gives a geometry, which is neither a number nor a text.`,
      {
        hint: 'Write ST_AsText(…) around it.',
      },
    );
}
