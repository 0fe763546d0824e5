// The registry of audit stores.

import type { AuditStoreType } from './audit-store.ts';
import type { TableOptions } from './options.ts';
import { postgres } from './postgres.ts';

/** Every kind of audit store there is, by type. */
export const AUDIT_STORES = { postgres } as const satisfies Record<string, AuditStoreType<TableOptions>>;
