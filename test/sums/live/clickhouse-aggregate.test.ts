import { describe } from 'vitest';
import { literal } from '../../../src/stores/clickhouse/names.ts';
import { type ClickHouseServer, hasClickHouse, startClickHouse } from '../../support/clickhouse-server.ts';
import { testAggregate } from './engine-aggregate.ts';

/** A table's engine and order, the values of its own columns, and how its program changes and deletes rows. */
interface Written {
  readonly engine: string;
  readonly own: readonly [columns: string, values: string];
  change(set: readonly string[], where: string): string;
  remove(where: string): string;
}

/** `a = 1, b = 2` as a list of `1 AS a`, in place of columns of the same name. */
const replaced = (set: readonly string[]): string =>
  set.map((one) => one.replace(/^(\w+) = (.*)$/s, '$2 AS $1')).join(', ');
const rows = (set: readonly string[], where: string): string =>
  `SELECT * REPLACE (${replaced(set)}) FROM calls FINAL WHERE ${where}`;

const TABLES: Readonly<Record<string, Written>> = {
  // Changes are mutations, which rewrite parts; the test waits for them.
  MergeTree: {
    engine: 'MergeTree ORDER BY at',
    own: ['', ''],
    change: (set, where) =>
      `ALTER TABLE calls UPDATE ${set.join(', ')} WHERE ${where} SETTINGS mutations_sync = 2`,
    remove: (where) => `ALTER TABLE calls DELETE WHERE ${where} SETTINGS mutations_sync = 2`,
  },
  'ReplacingMergeTree, with rows that are deleted by a version': {
    engine: 'ReplacingMergeTree(version, is_deleted) ORDER BY id',
    own: [', version UInt32, is_deleted UInt8', ', 1, 0'],
    change: (set, where) => `INSERT INTO calls ${rows([...set, 'version = version + 1'], where)}`,
    remove: (where) => `INSERT INTO calls ${rows(['version = version + 1', 'is_deleted = 1'], where)}`,
  },
  'CollapsingMergeTree, with rows that are cancelled': {
    engine: 'CollapsingMergeTree(sign) ORDER BY id',
    own: [', sign Int8', ', 1'],
    change: (set, where) =>
      `INSERT INTO calls ${rows(['sign = -1'], where)} UNION ALL ${rows(set, where)} SETTINGS max_threads = 1`,
    remove: (where) => `INSERT INTO calls ${rows(['sign = -1'], where)}`,
  },
};

describe.skipIf(!hasClickHouse).each(Object.entries(TABLES))(
  'a rollup of a table in ClickHouse, %s (needs chdb)',
  (_, { engine, own, change, remove }) => {
    let server: ClickHouseServer;
    let inserted = 0;
    const written = (text: string): string => {
      const [, set = '', where = ''] = /^UPDATE calls SET (.*) WHERE (.*)$/.exec(text) ?? [];
      if (set !== '') return change(set.split(/, (?=\w+ = )/), where);
      return remove(text.replace('DELETE FROM calls WHERE ', ''));
    };
    testAggregate({
      async start() {
        server = await startClickHouse();
        server.run(`CREATE TABLE calls (id Int64, at DateTime64(3, 'UTC'), cost Nullable(Decimal(18, 12)), service LowCardinality(String),
          usr Nullable(String), status Int32, latency Nullable(Float64), input Int32${own[0]}, INDEX ids id TYPE minmax) ENGINE = ${engine}`);
      },
      url: () => server.url,
      run: async (text) => {
        for (const one of text.split('; ')) server.run(written(one));
      },
      insert: async (given) => {
        const values = given.map((row) => {
          inserted += 1;
          const cells = row.map((value) => (typeof value === 'string' ? literal(value) : String(value)));
          return `(${[inserted, ...cells].join(', ')}${own[1]})`;
        });
        if (values.length > 0) server.run(`INSERT INTO calls VALUES ${values.join(', ')}`);
      },
      async stop() {
        await server?.stop();
      },
    });
  },
);
