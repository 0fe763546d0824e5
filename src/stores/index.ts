// The registry of audit stores.

import type { AuditEngine, AuditStoreType } from './audit-store.ts';
import { clickhouse } from './clickhouse/clickhouse.ts';
import { mysql } from './mysql/mysql.ts';
import type { TableOptions } from './options.ts';
import { postgres } from './postgres.ts';
import { sqlite } from './sqlite/sqlite.ts';

/** Every kind of audit store behind the SQL port, by type. */
export const AUDIT_STORES = { postgres } as const satisfies Record<string, AuditStoreType<TableOptions>>;

/** Every engine with a driver of its own. */
export const AUDIT_ENGINES: readonly AuditEngine<TableOptions>[] = [clickhouse, mysql, sqlite];

/** Names that other programs give to the same engine. */
const ALSO_CALLED: Readonly<Record<string, string>> = { mariadb: 'mysql' };

/** The engine that a URL asks for, with SQLAlchemy's driver behind a plus or without; null where the SQL port opens it. */
export function engineOf(url: string): AuditEngine<TableOptions> | null {
  const [, written = ''] = /^([a-z]+)(?:\+[a-z0-9_]+)?:/i.exec(url) ?? [];
  const scheme = ALSO_CALLED[written.toLowerCase()] ?? written.toLowerCase();
  return AUDIT_ENGINES.find((engine) => engine.scheme === scheme) ?? null;
}
