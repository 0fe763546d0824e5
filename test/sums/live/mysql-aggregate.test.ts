import { describe } from 'vitest';
import {
  hasMariadb,
  type MariadbDatabase,
  type MariadbServer,
  startMariadb,
} from '../../support/mariadb-server.ts';
import { testAggregate } from './engine-aggregate.ts';

let server: MariadbServer;
let database: MariadbDatabase;

describe.skipIf(!hasMariadb)('a rollup of a table in MariaDB (needs mariadb-server)', () => {
  testAggregate({
    async start() {
      server = await startMariadb();
      database = await server.createDatabase();
      await database.connection.query(
        'CREATE TABLE calls (id BIGINT AUTO_INCREMENT PRIMARY KEY, at DATETIME(3), cost DECIMAL(12,6), service VARCHAR(9), usr VARCHAR(9), status INT, latency DOUBLE, input INT, KEY (at))',
      );
    },
    url: () => database.url,
    run: async (sql) => void (await database.connection.query(sql)),
    insert: async (rows) =>
      void (await database.connection.query(
        'INSERT INTO calls (at, cost, service, usr, status, latency, input) VALUES ?',
        [rows],
      )),
    async stop() {
      await database?.close();
      await server?.stop();
    },
  });
});
