// Keys under audit.

import { z } from 'zod';
import { LONGEST_DURATION } from '../model/window.ts';
import { duration } from '../rules/rule-scalars.ts';
import type { AuditStoreType, Mapping } from '../stores/audit-store.ts';
import { AUDIT_STORES } from '../stores/index.ts';
import { type TableOptions, tableOptions } from '../stores/options.ts';
import { databaseUrl } from './scalars.ts';

const SECOND = 1_000;
const DAY = 86_400_000;
const DAY_LIMIT = { minMs: SECOND, maxMs: DAY, limitText: 'from 1s to 24h' };

/** The keys under `audit:`: the store's own, and how it is read. */
export const auditSchema = tableOptions
  .safeExtend({
    url: databaseUrl('The database that holds the audit table: postgres://… or pglite:FOLDER'),
    prices: z
      .string()
      .min(1)
      .exactOptional()
      .describe('A price list for calls without a cost, such as prices.yaml'),
    lateness: duration(DAY_LIMIT)
      .default(15 * 60 * SECOND)
      .describe('Rows this young are read again at every poll'),
    reconcile: duration(DAY_LIMIT)
      .default(3_600 * SECOND)
      .describe('How often older hours are compared with the store'),
    stale_after: z
      .union([
        z.enum(['auto', 'off']),
        duration({ minMs: SECOND, limitText: `from 1s to ${LONGEST_DURATION}` }),
      ])
      .default('auto')
      .describe('Newest row older than this: "cannot see"; a duration, auto or off'),
    rollup: z
      .enum(['on', 'off'])
      .default('on')
      .describe('Keep sums of whole hours, so that a poll reads only what is new'),
    statement_timeout: duration({ minMs: SECOND, maxMs: DAY, limitText: 'from 1s to 24h' })
      .default(60 * SECOND)
      .describe('The longest that one question to the store may take'),
  })
  .describe('Where AI calls are recorded; read-only, SELECT on one table is enough');

/** The store that the keys name, what it is opened with, and what rules may ask it for. */
export function storeOf({ preset, table, columns, dimensions }: z.output<typeof auditSchema>): {
  readonly store: AuditStoreType<TableOptions>;
  readonly storeOptions: TableOptions;
  readonly mapping: Mapping;
} {
  const given = Object.entries({ preset, table, columns, dimensions }).filter(
    ([, value]) => value !== undefined,
  );
  const storeOptions: TableOptions = Object.fromEntries(given);
  const store = AUDIT_STORES.postgres;
  return { store, storeOptions, mapping: store.mapping(storeOptions) };
}
