// The registry of audit stores.

import type { AuditEngine, AuditStoreType } from './audit-store.ts';
import type { TableOptions } from './options.ts';
import { postgres } from './postgres.ts';
import { sqlite } from './sqlite/sqlite.ts';

/** Every kind of audit store behind the SQL port, by type. */
export const AUDIT_STORES = { postgres } as const satisfies Record<string, AuditStoreType<TableOptions>>;

/** Every engine with a driver of its own. */
const AUDIT_ENGINES: readonly AuditEngine<TableOptions>[] = [sqlite];

/** The engine that a URL asks for; null where the SQL port opens it. */
export function engineOf(url: string): AuditEngine<TableOptions> | null {
  return AUDIT_ENGINES.find(({ scheme }) => url.toLowerCase().startsWith(`${scheme}:`)) ?? null;
}
