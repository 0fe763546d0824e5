// Answers each question of a snapshot with one statement in its transaction.

import type { PriceTable } from '../model/call-prices.ts';
import type { SqlSession } from '../sql/port.ts';
import { type ArrivalRow, arrivalsOf, arrivalsSql } from './arrivals-sql.ts';
import type { AuditSnapshot, Mapping, RollupSource } from './audit-store.ts';
import { type BucketsRow, bucketsOf, bucketsSql } from './buckets-sql.ts';
import { type CallColumnsRow, callColumnsOf, callColumnsSql } from './call-columns-sql.ts';
import type { Digests } from './digests.ts';
import { sourceSql, tableSql } from './source-sql.ts';
import { newestRow } from './time-column.ts';
import type { TimeType } from './time-sql.ts';

/** A snapshot of a table, in a transaction that has begun. */
export function snapshotOf(
  mapping: Mapping,
  timeType: TimeType,
  prices: PriceTable | null,
  digests: Digests,
  session: SqlSession,
): AuditSnapshot {
  return {
    newestRow: (before) => newestRow(mapping, timeType, before, session),
    async buckets(aggregates, edges, ranges) {
      const statement = bucketsSql(aggregates, edges, ranges, mapping, timeType, prices);
      const rows =
        statement === null ? [] : await session.query<BucketsRow>(statement.text, statement.values);
      return bucketsOf(aggregates, rows);
    },
    async calls(read) {
      const { text, values } = callColumnsSql(read, mapping, timeType, prices);
      const [row = {}] = await session.query<CallColumnsRow>(text, values);
      return callColumnsOf(read, row);
    },
    changes: changesOf(mapping, timeType, digests, session),
  };
}

function changesOf(
  mapping: Mapping,
  timeType: TimeType,
  digests: Digests,
  session: SqlSession,
): RollupSource {
  return {
    digests: (aggregates, edges) => digests.ask(aggregates, edges, timeType, session),
    newestId: () => newestId(mapping, session),
    async arrivals(after, gaps, openFrom) {
      const { text, values } = arrivalsSql(mapping, timeType, after, gaps, openFrom);
      return arrivalsOf(await session.query<ArrivalRow>(text, values), after, gaps, timeType);
    },
  };
}

const INTEGERS = ['bigint', 'integer', 'smallint'];

/** Null where the ids are not whole numbers: gaps exist only among whole numbers, and a UUID is no insert order. */
async function newestId(mapping: Mapping, session: SqlSession): Promise<string | null> {
  if (mapping.columns.id === undefined) return null;
  const id = sourceSql(mapping.columns.id);
  const table = tableSql(mapping.table);
  const [column] = await session.query<{ type: string }>(
    `SELECT pg_typeof((SELECT ${id} FROM ${table} LIMIT 0))::text AS type`,
  );
  if (!INTEGERS.includes(column?.type ?? '')) return null;
  const [row] = await session.query<{ newest: string }>(
    `SELECT COALESCE(max(${id}), 0)::text AS newest FROM ${table}`,
  );
  return row?.newest ?? null;
}
