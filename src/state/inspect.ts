// Checks whether the state can be kept in a database, for `validate --connect`.

import { AppError } from '../model/errors.ts';
import type { Sql } from '../sql/port.ts';

/**
 * Checks, without changing anything, whether the state can be kept here. Throws an AppError: the port's where the store
 * cannot be reached, `state_forbidden` where its user may not have a schema.
 */
export async function inspectState(sql: Sql): Promise<void> {
  const [may] = await sql.query<{ create: boolean; own: boolean | null; use: boolean | null }>(
    `SELECT has_database_privilege(current_database(), 'CREATE') AS create,
            has_schema_privilege(to_regnamespace('spendwatch')::oid, 'CREATE') AS own,
            has_table_privilege(to_regclass('spendwatch.delivery')::oid, 'INSERT, UPDATE, DELETE, SELECT') AS use`,
  );
  if (may?.own === null && may.create) return;
  if (may?.own === true && may.use !== false) return;
  if (may?.own === null || may === undefined) {
    throw new AppError('state_forbidden', 'the user of the state store may create no schema there', {
      hint: 'as an administrator: CREATE SCHEMA spendwatch AUTHORIZATION <user>; or give state.url a database of its own',
    });
  }
  throw new AppError('state_forbidden', 'the schema spendwatch in the state store belongs to another user', {
    hint: 'as an administrator: ALTER SCHEMA spendwatch OWNER TO <user>, and the same for its tables; or use their owner',
  });
}
