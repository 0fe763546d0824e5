import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { importFiles } from '../../src/commands/import.ts';
import { formatFixed } from '../../src/model/money.ts';
import type { SegmentCell } from '../../src/model/series.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { priceList } from '../support/price-list.ts';
import { REAL_SERVICES, realTraffic } from '../support/real-traffic.ts';
import { ENGINES, startEngine } from '../support/sql-engines.ts';

const TRAFFIC = REAL_SERVICES.map((service) => ({ service, lines: realTraffic(service) ?? [] }));
const isThere = TRAFFIC.every(({ lines }) => lines.length > 0);

const FROM = Date.parse('2023-11-16T18:00:00Z');
const SEGMENT = 5 * 60_000;

describe.skipIf(!isThere)('real traffic', () => {
  it.each(ENGINES)('imported into %s is priced to the last digit that plain SQL gives', async (name) => {
    const engine = await startEngine(name);
    const folder = await mkdtemp(join(tmpdir(), 'spendwatch-traffic-'));
    try {
      const store = postgres.open(
        engine.sql,
        {},
        priceList({ 'gpt-*': { input: '2.5', output: '10' }, 'gpt-c': { input: '0.03', output: '0.06' } }),
      );
      await store.createTable();
      const files: string[] = [];
      let requests = 0;
      for (const { service, lines } of TRAFFIC) {
        requests += lines.length;
        const file = join(folder, `${service}.csv`);
        const model = service === 'code' ? 'gpt-c' : 'gpt-4o';
        await writeFile(
          file,
          `time,input_tokens,output_tokens,service,model\n${lines.map((line) => `${line},${service},${model}`).join('\n')}\n`,
        );
        files.push(file);
      }
      const config = join(folder, 'alerts.yaml');
      await writeFile(
        config,
        `version: 1
audit: { url: "${engine.url}" }
channels: { hook: { type: webhook, url: "http://127.0.0.1:9/", secret: "sixteen bytes at least" } }
defaults: { notify: [hook] }
rules: [{ name: r, type: threshold, metric: spend, window: 1h, threshold: 1 }]
`,
      );
      const out: string[] = [];
      const io = {
        out: (line: string) => void out.push(line),
        err: (line: string) => void out.push(line),
        stdin: Readable.from([]),
        stderrIsTerminal: false,
        env: {},
      };
      expect(await importFiles({ config, files }, io)).toBe(0);
      expect(await importFiles({ config, files }, io)).toBe(0);
      const total = requests.toLocaleString('en-US');
      expect(out).toEqual([
        `imported ${total} rows, skipped 0 already there, rejected 0`,
        `imported 0 rows, skipped ${total} already there, rejected 0`,
      ]);

      const edges = Array.from({ length: 25 }, (_, i) => FROM + i * SEGMENT);
      const read = {
        measures: ['cost', 'calls', 'input_tokens', 'unpriced'] as const,
        where: {},
        groupBy: ['service'],
        edges,
        ranges: [{ from: FROM, to: FROM + 24 * SEGMENT }],
      };
      const { answers, newestRow } = await store.read([read], FROM + 24 * SEGMENT);
      const found = (answers[0] as readonly SegmentCell[]).map(({ segment, key, cell }) => [
        `${segment} ${key[0]}`,
        formatFixed(cell.sums.cost ?? 0n, 12),
        ...(['calls', 'input_tokens', 'unpriced'] as const).map((measure) =>
          formatFixed(cell.sums[measure] ?? 0n, 0),
        ),
      ]);
      const plain = await engine.sql.query<Record<string, string>>(
        `SELECT floor(extract(epoch FROM request_timestamp - $1::timestamptz) / 300) AS segment, service_name AS service,
          trim_scale(sum(CASE service_name WHEN 'code' THEN input_tokens * 0.03 + actual_output_tokens * 0.06
            ELSE input_tokens * 2.5 + actual_output_tokens * 10 END) / 1000000) AS cost, count(*) AS calls, sum(input_tokens) AS tokens
         FROM api_audit_logs GROUP BY 1, 2`,
        [new Date(FROM)],
      );
      expect(found.sort()).toEqual(
        plain
          .map(({ segment, service, cost, calls, tokens }) => [
            `${segment} ${service}`,
            cost,
            calls,
            tokens,
            '0',
          ])
          .sort(),
      );
      const [newest] = await engine.sql.query<{ at: Date }>(
        'SELECT max(request_timestamp) AS at FROM api_audit_logs',
      );
      expect(newestRow).toBe(newest?.at.getTime());
    } finally {
      await engine.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
