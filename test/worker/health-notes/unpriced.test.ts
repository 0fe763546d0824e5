import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type App, openApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { AuditStore } from '../../../src/stores/audit-store.ts';
import { unpriced } from '../../../src/worker/health-notes/unpriced.ts';
import { type CallStore, openCallStore } from '../../support/call-store.ts';
import { makeFolder } from '../../support/folder.ts';
import { makeEmbedded } from '../../support/shared.ts';

const HOUR = 3_600_000;
const AT = Date.parse('2026-11-20T02:20:00Z');

let calls: CallStore;
let folder: Awaited<ReturnType<typeof makeFolder>>;
let app: App;
beforeAll(async () => {
  calls = await openCallStore();
  folder = await makeFolder({
    'alerts.yaml': `version: 1
audit: { url: "pglite:./store", preset: api_audit_logs }
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, threshold: 100 }
`,
  });
  await makeEmbedded(join(folder.path, 'store'));
  app = await openApp(await loadConfig(join(folder.path, 'alerts.yaml'), {}));
});
afterAll(async () => {
  await app?.close();
  await Promise.all([calls?.stop(), folder?.remove()]);
});
beforeEach(() => calls.clear());

/** The look of the file over the store of the test, and the hours that it has read of it. */
function opened(changes: Partial<App['config']['health']> = {}) {
  const read: string[][] = [];
  const store: AuditStore = {
    ...calls.store,
    read(reads, before) {
      read.push(
        reads.flatMap(({ ranges }) =>
          ranges.map(({ from, to }) => `${new Date(from).toISOString().slice(11, 13)}+${(to - from) / HOUR}`),
        ),
      );
      return calls.store.read(reads, before);
    },
  };
  const config = { ...app.config, health: { ...app.config.health, ...changes } };
  return { look: unpriced.open({ ...app, config, store }), read };
}

const priced = { cost: 1, model: 'gpt-4.1' };
const unknown = { cost: null, model: 'gpt-9', input_tokens: 1_000_000 };

describe('the look for calls without a price', () => {
  it('names models, calls and tokens of the last 24 hours that are over', async () => {
    await calls.log(
      { at: AT - 3 * HOUR, ...priced },
      { at: AT - 3 * HOUR, ...unknown },
      { at: AT - 20 * HOUR, ...unknown },
      { at: AT - 25 * HOUR, ...unknown },
      { at: AT - 10 * 60_000, ...unknown },
    );
    const { note, samples } = await opened().look(AT);
    expect(samples).toEqual([{ labels: { model: 'gpt-9' }, value: 2 }]);
    expect(note).toMatchObject({
      type: 'health.unpriced',
      title: 'spend is more than it seems: 2 calls to 1 model have no price',
      data: {
        window: { from: '2026-11-19T02:00:00Z', to: '2026-11-20T02:00:00Z' },
        calls: 3,
        unpriced_calls: 2,
        tokens: 2_001_300,
        unpriced_tokens: 2_000_200,
        models: [{ model: 'gpt-9', calls: 2, tokens: 2_000_200 }],
      },
    });
  });

  it('reads each hour once', async () => {
    await calls.log(...Array.from({ length: 30 }, (_, i) => ({ at: AT - i * HOUR, ...priced })));
    const { look, read } = opened();
    for (const at of [AT, AT + 60_000, AT + HOUR, AT + 3 * HOUR]) expect((await look(at)).note).toBeNull();
    expect(read).toEqual([['02+24'], ['02+1'], ['03+2']]);
  });

  it('waits until no row of an hour is as young as rows that may come late', async () => {
    const { look, read } = opened();
    await look(AT);
    await look(AT - 6 * 60_000 + HOUR);
    expect(read).toEqual([['02+24']]);
    await look(AT - 5 * 60_000 + HOUR);
    expect(read).toEqual([['02+24'], ['02+1']]);
  });

  it('reads all again before it tells of what it remembers, for a cost may have come later', async () => {
    await calls.log({ at: AT - 3 * HOUR, ...priced }, { at: AT - 3 * HOUR, ...unknown });
    const { look, read } = opened();
    expect((await look(AT)).note).not.toBeNull();
    await calls.sql.query('UPDATE api_audit_logs SET cost_usd = 2 WHERE cost_usd IS NULL');
    expect(await look(AT + HOUR)).toEqual({ samples: [], note: null });
    expect(read).toEqual([['02+24'], ['02+1'], ['03+24']]);
    expect((await look(AT + 2 * HOUR)).note).toBeNull();
    expect(read).toHaveLength(4);
  });

  it('tells nobody where the file says off, and still measures', async () => {
    await calls.log({ at: AT - 3 * HOUR, ...unknown });
    expect(await opened({ unpriced: 'off' }).look(AT)).toEqual({
      samples: [{ labels: { model: 'gpt-9' }, value: 1 }],
      note: null,
    });
  });

  it('reads nothing where neither costs nor prices are recorded', async () => {
    const { columns } = app.config.audit.mapping;
    const { cost: _, ...others } = columns;
    const audit = { ...app.config.audit, mapping: { ...app.config.audit.mapping, columns: others } };
    let reads = 0;
    const read: AuditStore['read'] = (...args) => {
      reads += 1;
      return calls.store.read(...args);
    };
    const look = unpriced.open({ ...app, config: { ...app.config, audit }, store: { ...calls.store, read } });
    expect(await look(AT)).toEqual({ samples: [], note: null });
    expect(reads).toBe(0);
  });
});
