import { expect, test } from 'vitest';
import { loadEmbeddedPostgres } from './postgres-server.ts';

test('the PostgreSQL of the tests does not decide with which code a run ends', async () => {
  const listeners = () => ['beforeExit', 'exit'].map((end) => process.listenerCount(end));
  const before = listeners();
  await loadEmbeddedPostgres();
  expect(listeners()).toEqual(before);
});
