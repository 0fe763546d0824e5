import { randomUUID } from 'node:crypto';
import type { PriceList } from '../../src/model/price-list.ts';
import type { Dimension } from '../../src/model/series.ts';
import type { Sql } from '../../src/sql/port.ts';
import type { AuditStore, CallRow } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { type ENGINES, startEngine } from './sql-engines.ts';

/** A call as a test tells it: when, and what else matters of it. */
export type LoggedCall = Omit<CallRow, 'time'> & { readonly at: number };

/** A real audit store with the default table, empty at first. */
export interface CallStore {
  readonly url: string;
  readonly sql: Sql;
  readonly store: AuditStore;
  readonly dimensions: ReadonlySet<Dimension>;
  /** Writes calls; what is not said of one is a call of `search` to `gpt-4.1` that went well and cost nothing. */
  log(...calls: readonly LoggedCall[]): Promise<void>;
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export async function openCallStore(
  engine: (typeof ENGINES)[number] = 'postgres',
  options: TableOptions = {},
  prices: PriceList | null = null,
): Promise<CallStore> {
  const { url, sql, stop } = await startEngine(engine);
  const store = postgres.open(sql, options, prices);
  await store.createTable();
  return {
    url,
    sql,
    store,
    dimensions: new Set(['service', 'model', 'user', 'endpoint']),
    async log(...calls) {
      await store.insert(
        calls.map(({ at, ...call }) => ({
          request_id: randomUUID(),
          service: 'search',
          model: 'gpt-4.1',
          endpoint: '/v1/chat',
          input_tokens: 1000,
          output_tokens: 100,
          status: 200,
          cost: 0,
          ...call,
          time: new Date(at).toISOString(),
        })),
      );
    },
    clear: async () => {
      await sql.query('TRUNCATE api_audit_logs');
    },
    stop,
  };
}
