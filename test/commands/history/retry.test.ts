import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { retryDelivery } from '../../../src/commands/history/retry.ts';
import type { Io } from '../../../src/commands/io.ts';
import { openState, type State } from '../../../src/state/open.ts';
import { ENGINES, stateDatabase } from '../../state/engines.ts';
import { delivery, notification, recording } from '../../state/samples.ts';
import { makeFolder } from '../../support/folder.ts';

const HOUR = 3_600_000;
const database = stateDatabase(ENGINES[0]);
let state: State;
let folder: Awaited<ReturnType<typeof makeFolder>>;
beforeAll(async () => {
  state = await openState(database.sql);
  folder = await makeFolder({
    'alerts.yaml': `version: 1
audit: { url: "${database.url}" }
channels: { mail: { type: email, to: [a@example.com], from: b@example.com, host: localhost } }
rules: [{ name: burn, type: threshold, metric: spend, window: 1h, threshold: 1 }]
`,
  });
});
afterAll(() => folder?.remove());
beforeEach(() => database.sql.query('TRUNCATE spendwatch.delivery'));

/** What is printed about a delivery that was queued now. */
async function told(id: string): Promise<string> {
  const lines: string[] = [];
  const io = { env: {}, out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
  expect(await retryDelivery({ config: join(folder.path, 'alerts.yaml'), id }, io as unknown as Io)).toBe(0);
  return lines.join('\n');
}

async function queued(): Promise<string> {
  const one = delivery();
  const batch = { notifications: [notification()], compose: () => [one] };
  await state.record([recording([], { fingerprint: one.id, batches: [batch] })], Date.now());
  return one.id;
}

it('a delivery that waits for its next attempt waits no longer, and then is due already', async () => {
  const id = await queued();
  const claimed = await state.claim('mail', Date.now(), 30_000);
  if (claimed === null) throw new Error('nothing is due');
  const failure = { kind: 'passing', reason: 'unreachable', text: 'no answer', retryAfterMs: null } as const;
  await state.settle(
    claimed,
    { state: 'queued', backoffStep: 3, nextAt: Date.now() + HOUR, accepted: [], failure, reports: null },
    Date.now(),
  );
  expect(await state.claim('mail', Date.now(), 30_000)).toBeNull();
  const sender = 'the worker, or check --notify, sends it now';
  expect(await told(id)).toBe(`${id} for mail waits no longer: ${sender}`);
  expect(await told(id)).toBe(`${id} for mail is due already: ${sender}`);
  expect(await state.claim('mail', Date.now(), 30_000)).toMatchObject({ id });
});
