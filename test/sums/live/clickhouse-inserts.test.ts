import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Query } from '../../../src/model/series.ts';
import { collectDirectly } from '../../../src/pipeline/collect.ts';
import type { AuditStore } from '../../../src/stores/audit-store.ts';
import { clickhouse } from '../../../src/stores/clickhouse/clickhouse.ts';
import { openLiveSums } from '../../../src/sums/live/live-sums.ts';
import { type ClickHouseServer, hasClickHouse, startClickHouse } from '../../support/clickhouse-server.ts';
import { comparable } from '../../support/series-cells.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LATENESS = 15 * MINUTE;
const START = Date.parse('2026-03-10T10:07:00Z');
const text = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');

describe.skipIf(!hasClickHouse)('rows that are inserted while a poll reads ClickHouse (needs chdb)', () => {
  let server: ClickHouseServer;
  let store: AuditStore;
  beforeAll(async () => {
    server = await startClickHouse();
    server.run(`CREATE TABLE calls (at DateTime64(3, 'UTC'), cost Decimal(18, 12), service String, version UInt32)
      ENGINE = ReplacingMergeTree(version) ORDER BY (service, at)`);
    store = clickhouse.open(
      server.url,
      { baseDir: '/', statementTimeoutMs: 60_000 },
      { table: 'calls', columns: { time: 'at', cost: 'cost', service: 'service' } },
      null,
    );
  });
  afterAll(async () => {
    await store?.close();
    await server?.stop();
  });

  /** Queries whose windows end at one instant, so that one poll asks for the same rows in several ways. */
  const queriesAt = (at: number): Query[] =>
    [5 * MINUTE, HOUR, 26 * HOUR].flatMap((length) =>
      [[], ['service']].map((groupBy) => ({
        measures: ['cost' as const, 'calls' as const],
        where: {},
        groupBy,
        windows: [{ from: at - length, to: at }],
      })),
    );

  it('are counted once at the next poll at the latest, whichever statement they come before', async () => {
    const sums = openLiveSums(store, { latenessMs: LATENESS, kept: null });
    let inserted = 0;
    const insert = (at: number, cost = 1): void => {
      inserted += 1;
      server.run(
        `INSERT INTO calls VALUES ('${text(at + (inserted % 1000))}', ${cost}, 's${inserted % 3}', 1)`,
      );
    };
    for (let hour = 0; hour < 30; hour += 1) insert(START - hour * HOUR);
    let at = START;
    const refresh = async () => {
      await sums.refresh(queriesAt(at), at);
      await sums.backfill(60_000);
      return sums.refresh(queriesAt(at), at);
    };
    await refresh();
    for (let place = 1; ; place += 1) {
      at += MINUTE;
      insert(at - 30_000);
      let seen = 0;
      const held = server.hold(() => ++seen === place);
      let wasHeld = false;
      const meanwhile = held.caught.then(() => {
        wasHeld = true;
        for (const age of [0.2, 1.5, 7, 12]) insert(at - age * MINUTE);
        server.run(`INSERT INTO calls SELECT * REPLACE (cost * 3 AS cost, version + 1 AS version) FROM calls FINAL
          WHERE at >= '${text(at - 12 * MINUTE)}' AND service = 's1'`);
        held.release();
      });
      await sums.refresh(queriesAt(at), at);
      if (!wasHeld) break;
      await meanwhile;
      at += MINUTE;
      const { series } = await refresh();
      const direct = await collectDirectly(store, queriesAt(at), at);
      queriesAt(at).forEach((query, i) => {
        expect(comparable(series[i] ?? null, query), `before statement ${place}, query ${i}`).toBe(
          comparable(direct.series[i] ?? null, query),
        );
      });
    }
    // Thirty at first, one a poll, and four more before each of at least three statements.
    expect(inserted, 'polls have several statements').toBeGreaterThan(45);
  });
});
