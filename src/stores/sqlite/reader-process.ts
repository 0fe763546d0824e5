// The main file of the process that reads a SQLite file.

import { openReader, type ReaderOptions, type ReaderRequest } from './reader.ts';

let answer: ReturnType<typeof openReader> | null = null;
let last = Promise.resolve();

process.on('message', (message: ReaderOptions | ReaderRequest) => {
  if (!('question' in message)) {
    answer = openReader(message);
    return;
  }
  // One after the other: a snapshot is one connection.
  last = last.then(async () => {
    const reply = await answer?.(message);
    if (process.connected) process.send?.(reply);
  });
});
// Its parent has ended, however that happened.
process.on('disconnect', () => process.exit());
// A terminal sends these to the whole group; the parent decides when reading ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
