// An audit table in ClickHouse.

import { priceTable } from '../../model/call-prices.ts';
import type { AuditEngine } from '../audit-store.ts';
import { futureRows } from '../future-rows.ts';
import { mappingOf, type TableOptions } from '../options.ts';
import { pricedColumns } from '../price-sql.ts';
import { rowsStore } from '../rows/rows-store.ts';
import { serverUrls } from '../server-engine.ts';
import { openServer } from './connection.ts';
import { inspectTable } from './inspect.ts';
import { occupiedIn, tableReader } from './reader.ts';
import { parseServerUrl, SHAPE } from './server-url.ts';
import { readTable } from './table.ts';

const URLS = serverUrls(parseServerUrl, 'a ClickHouse database');

/** A table of a server, or of a cluster's shards through a Distributed table; it is only read. */
export const clickhouse: AuditEngine<TableOptions> = {
  scheme: 'clickhouse',
  shape: SHAPE,
  placeOf: URLS.placeOf,
  urlFault: URLS.urlFault,
  mapping: (options) => mappingOf(options, 'clickhouse'),
  open(text, { statementTimeoutMs }, options, list) {
    const server = openServer(URLS.parsed(text));
    const prices = list === null ? null : priceTable(list);
    const priced = pricedColumns(prices);
    const mapping = { ...mappingOf(options, 'clickhouse'), priced };
    return rowsStore(
      {
        name: 'ClickHouse',
        reading: (work, withinMs = statementTimeoutMs) =>
          server.connected(withinMs, async (connection) =>
            work(tableReader(await readTable(mapping, connection), { prices, priced }, connection)),
          ),
        occupied: (spans) =>
          server.connected(statementTimeoutMs, async (connection) =>
            occupiedIn(spans, await readTable(mapping, connection), connection),
          ),
        futureRows: (newest, now) => {
          const { timeKind } = mapping;
          const isEpoch = timeKind !== null && typeof timeKind === 'object' && 'unit' in timeKind;
          return futureRows(newest, now, mapping, isEpoch ? { ...timeKind, type: 'bigint' } : 'timestamptz');
        },
        inspect: () =>
          server.connected(statementTimeoutMs, (connection) =>
            inspectTable(mapping, options.preset !== undefined, connection),
          ),
        close: () => server.close(),
      },
      mapping,
    );
  },
};
