// An audit table in a SQLite file that its program goes on using.

import { resolve } from 'node:path';
import { priceTable } from '../../model/call-prices.ts';
import type { AuditEngine } from '../audit-store.ts';
import { futureRows } from '../future-rows.ts';
import { mappingOf, type TableOptions } from '../options.ts';
import { pricedColumns } from '../price-sql.ts';
import { rowsStore } from '../rows/rows-store.ts';
import { openRemoteReader } from './remote-reader.ts';

/** How long the program may hold a lock, as while it vacuums, before a poll gives up. */
const MOST_BUSY_MS = 10_000;

/** SQLAlchemy puts three slashes before a path, others two; options are behind a question mark. */
function pathIn(url: string): string {
  return url.replace(/^sqlite(?:\+\w+)?:(?:\/\/\/?)?/i, '').replace(/\?.*$/, '');
}

/** A table in a SQLite file, which is only read. */
export const sqlite: AuditEngine<TableOptions> = {
  scheme: 'sqlite',
  shape: 'sqlite:FILE',
  placeOf: (url, dir) => `the SQLite file ${dir === undefined ? pathIn(url) : resolve(dir, pathIn(url))}`,
  mapping: (options) => mappingOf(options, 'sqlite'),
  open(url, { baseDir, statementTimeoutMs }, options, prices) {
    const path = resolve(baseDir, pathIn(url));
    const mapping = {
      ...mappingOf(options, 'sqlite'),
      priced: pricedColumns(prices === null ? null : priceTable(prices)),
    };
    const { timeKind } = mapping;
    const timeType =
      timeKind !== null && typeof timeKind === 'object' && 'zone' in timeKind ? timeKind : 'timestamp';
    const busyMs = Math.min(MOST_BUSY_MS, statementTimeoutMs / 2);
    const remote = openRemoteReader({
      path,
      shown: path,
      mapping,
      hasPreset: options.preset !== undefined,
      prices,
      busyMs,
    });
    let last: Promise<unknown> = Promise.resolve();
    /** One snapshot after the other. */
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
      const next = last.then(work, work);
      last = next.catch(() => undefined);
      return next;
    };
    return rowsStore(
      {
        name: 'SQLite',
        reading: (work, withinMs = statementTimeoutMs) =>
          inTurn(async () => {
            await remote.ask('begin', [], withinMs + busyMs);
            try {
              return await work(remote.asReader(withinMs + busyMs));
            } finally {
              await remote.ask('end', [], withinMs).catch(() => undefined);
            }
          }),
        futureRows: (newest, now) => futureRows(newest, now, mapping, timeType),
        inspect: () =>
          inTurn(() => remote.ask('inspect', [], statementTimeoutMs)) as ReturnType<
            ReturnType<typeof rowsStore>['inspect']
          >,
        close: () => remote.close(),
      },
      mapping,
    );
  },
};
