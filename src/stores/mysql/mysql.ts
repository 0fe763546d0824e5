// An audit table in MySQL or MariaDB.

import { priceTable } from '../../model/call-prices.ts';
import type { AppError } from '../../model/errors.ts';
import type { AuditEngine, ColumnSource } from '../audit-store.ts';
import { futureRows } from '../future-rows.ts';
import { mappingOf, type TableOptions } from '../options.ts';
import { pricedColumns } from '../price-sql.ts';
import { rowReader } from '../rows/row-reader.ts';
import { rowsStore } from '../rows/rows-store.ts';
import { serverUrls } from '../server-engine.ts';
import type { TimeType } from '../time-types.ts';
import { tableArrivals } from './arrivals.ts';
import { type TableFacts, tableFacts } from './columns.ts';
import { openConnections } from './connections.ts';
import { inspectTable } from './inspect.ts';
import { mysqlError } from './mysql-error.ts';
import type { Session } from './session.ts';
import { tableRows } from './table.ts';
import { parseMysqlUrl, SHAPE } from './url.ts';

const URLS = serverUrls(parseMysqlUrl, 'a MySQL database');

/** A table in MySQL 8 or MariaDB 10.6 and newer, which is only read. */
export const mysql: AuditEngine<TableOptions> = {
  scheme: 'mysql',
  shape: SHAPE,
  placeOf: URLS.placeOf,
  urlFault: URLS.urlFault,
  mapping: (options) => mappingOf(options, 'mysql'),
  open(text, { baseDir, statementTimeoutMs }, options, list) {
    const url = URLS.parsed(text);
    const prices = list === null ? null : priceTable(list);
    const mapping = { ...mappingOf(options, 'mysql'), priced: pricedColumns(prices) };
    const faultOf = (error: unknown): AppError => mysqlError(error, url.place);
    const connections = openConnections(url, baseDir, faultOf);
    let timeType: TimeType = 'timestamp';
    const tried = new Set<ColumnSource>();
    /** Looked up once in a snapshot, when a question needs it. */
    const factsIn = (session: Session): (() => Promise<TableFacts>) => {
      let known: Promise<TableFacts> | null = null;
      return async () => {
        known ??= tableFacts(mapping, session);
        ({ timeType } = await known);
        return known;
      };
    };
    return rowsStore(
      {
        name: 'MySQL',
        reading: (work, withinMs = statementTimeoutMs) =>
          connections.snapshot(withinMs, (session) => {
            const facts = factsIn(session);
            const source = {
              ...tableRows(mapping, facts, session, tried),
              ...tableArrivals(mapping, facts, session),
            };
            return work(rowReader(source, { prices, priced: mapping.priced }, faultOf));
          }),
        futureRows: (newest, now) => futureRows(newest, now, mapping, timeType),
        inspect: () =>
          connections.snapshot(statementTimeoutMs, (session) =>
            inspectTable(mapping, options.preset !== undefined, session),
          ),
        close: () => connections.close(),
      },
      mapping,
    );
  },
};
