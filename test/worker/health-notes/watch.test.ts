import { join } from 'node:path';
import { expect, it, type TestContext } from 'vitest';
import { openApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { HealthNote } from '../../../src/model/health-note.ts';
import type { HealthNoteKind, Noticed } from '../../../src/worker/health-notes/health-note.ts';
import { openHealthNotes } from '../../../src/worker/health-notes/watch.ts';
import { makeFolder } from '../../support/folder.ts';
import { makeEmbedded } from '../../support/shared.ts';
import { until } from '../../support/until.ts';

const HOUR = 3_600_000;
const AT = Date.parse('2026-11-20T02:20:00Z');
const NOTE: HealthNote = {
  type: 'health.unpriced',
  severity: 'warning',
  title: 'something',
  lead: [],
  facts: [],
  tables: [],
  data: {},
};

/** A worker's notes over a state store of its own; `looks` says what each look finds, in turn. */
async function scene(test: TestContext) {
  const folder = await makeFolder({
    'alerts.yaml': `version: 1
timezone: Asia/Tokyo
audit: { url: "pglite:./store", preset: api_audit_logs }
channels:
  one: { type: webhook, url: "http://127.0.0.1:9/", secret: "a-secret-of-more-than-16-bytes" }
  two: { type: webhook, url: "http://127.0.0.1:9/", secret: "a-secret-of-more-than-16-bytes" }
rules:
  - { name: r, type: threshold, metric: spend, window: 1h, threshold: 1 }
`,
  });
  await makeEmbedded(join(folder.path, 'store'));
  const app = await openApp(await loadConfig(join(folder.path, 'alerts.yaml'), {}));
  test.onTestFinished(async () => {
    await app.close();
    await folder.remove();
  });
  const troubles: string[] = [];
  let ended = 0;
  const state = await app.state();
  return {
    troubles,
    queued: async () => Object.fromEntries(await state.queueLengths()),
    /** The looks that have ended. */
    looks: (count: number) => until(`${count} looks have ended`, () => ended >= count),
    start(looks: (at: number) => Promise<Noticed>, clock: { now: number }) {
      const kind: HealthNoteKind = {
        type: NOTE.type,
        gauge: { name: 'g', help: 'g', labelNames: [] },
        open: () => looks,
      };
      const listener = {
        noticed() {
          ended += 1;
        },
        troubled: (what: string) => {
          troubles.push(what);
          ended += 1;
        },
      };
      return openHealthNotes(app, [kind], listener, () => clock.now);
    },
  };
}

const told = async (): Promise<Noticed> => ({ samples: [], note: NOTE });

it('a note is told once a day on each channel of health, however often workers start', async (test) => {
  const { start, queued, looks } = await scene(test);
  start(told, { now: AT }).polled(AT, AT);
  await until('it is queued', async () => (await queued()).one === 1);
  start(told, { now: AT }).polled(AT, AT);
  await looks(2);
  // The day ends at 15:00 UTC in Tokyo.
  start(told, { now: AT }).polled(AT + 12 * HOUR, AT);
  await looks(3);
  start(told, { now: AT }).polled(AT + 13 * HOUR, AT);
  await until('the next day is queued', async () => (await queued()).one === 2);
  expect(await queued()).toEqual({ one: 2, two: 2 });
});

it('a look comes once an hour, also after it failed, and one at a time', async (test) => {
  const { start, looks, troubles } = await scene(test);
  const clock = { now: AT };
  const asked: number[] = [];
  const gate = { open: (): void => undefined };
  const held = new Promise<void>((resolve) => {
    gate.open = resolve;
  });
  const notes = start(async (at) => {
    asked.push(at);
    if (asked.length === 1) throw new Error('the store is slow');
    await held;
    return { samples: [], note: null };
  }, clock);
  notes.polled(AT, AT);
  await looks(1);
  expect(troubles).toEqual([
    expect.stringMatching(/^could not look for health.unpriced: a fault of the program: Error at watch/),
  ]);
  clock.now += HOUR - 1;
  notes.polled(AT + 1, AT);
  expect(asked).toEqual([AT]);
  clock.now += 1;
  notes.polled(AT + 2, AT);
  clock.now += 2 * HOUR;
  notes.polled(AT + 3, AT);
  expect(asked).toEqual([AT, AT + 2]);
  gate.open();
  await looks(2);
  notes.stop();
  clock.now += 2 * HOUR;
  notes.polled(AT + 4, AT);
  expect(asked).toHaveLength(2);
});
