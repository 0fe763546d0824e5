import { describe } from 'vitest';
import { literal } from '../../../src/stores/clickhouse/names.ts';
import { type ClickHouseServer, hasClickHouse, startClickHouse } from '../../support/clickhouse-server.ts';
import { testAggregate } from './engine-aggregate.ts';

let server: ClickHouseServer;
let inserted = 0;

describe.skipIf(!hasClickHouse)('a rollup of a table in ClickHouse (needs chdb)', () => {
  testAggregate({
    async start() {
      server = await startClickHouse();
      server.run(`CREATE TABLE calls (id Int64, at DateTime64(3, 'UTC'), cost Nullable(Decimal(18, 12)), service LowCardinality(String),
        usr Nullable(String), status Int32, latency Nullable(Float64), input Int32, INDEX ids id TYPE minmax) ENGINE = MergeTree ORDER BY at`);
    },
    url: () => server.url,
    // Changes are mutations, which rewrite parts; the test waits for them.
    run: async (text) => {
      for (const one of text.split('; '))
        server.run(
          `${one.replace(/^UPDATE calls SET (.*) WHERE/, 'ALTER TABLE calls UPDATE $1 WHERE').replace(/^DELETE FROM calls/, 'ALTER TABLE calls DELETE')} SETTINGS mutations_sync = 2`,
        );
    },
    insert: async (rows) => {
      const values = rows.map((row) => {
        inserted += 1;
        const cells = row.map((value) => (typeof value === 'string' ? literal(value) : String(value)));
        return `(${[inserted, ...cells].join(', ')})`;
      });
      if (values.length > 0) server.run(`INSERT INTO calls VALUES ${values.join(', ')}`);
    },
    async stop() {
      await server?.stop();
    },
  });
});
