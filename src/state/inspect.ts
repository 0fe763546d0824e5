import { AppError } from '../model/errors.ts';
import type { Sql } from '../sql/port.ts';

/**
 * Whether the state could be kept here, without changing anything. Throws an AppError: the port's where the store
 * cannot be reached, `state_forbidden` where its user may not keep a schema.
 */
export async function inspectState(sql: Sql): Promise<void> {
  const [may] = await sql.query<{ create: boolean; own: boolean | null }>(
    `SELECT has_database_privilege(current_database(), 'CREATE') AS create,
            has_schema_privilege(to_regnamespace('spendwatch')::oid, 'CREATE') AS own`,
  );
  if (may?.create === true || may?.own === true) return;
  throw new AppError('state_forbidden', 'the user of the state store may create no schema there', {
    hint: 'as an administrator: CREATE SCHEMA spendwatch AUTHORIZATION <user>; or give state.url a database of its own',
  });
}
