import { growHeapSlowly } from '../src/worker/heap.ts';
import { residentMb, timed } from './measure.ts';
import { withProgram } from './polls.ts';

/** What the bench asks of the process that polls: a poll as of an instant (ms). */
export interface PollRequest {
  readonly at: number;
}

/** Its answer, when the poll and the work between polls are done. */
export interface PollAnswer {
  /** What the process takes of the machine's memory, MB. */
  readonly residentMb: number;
  /** How long the poll took, without what is done after it, ms. */
  readonly pollMs: number;
  /** Why it could not poll. */
  readonly error: string | null;
}

/** A process that does nothing but poll, as the worker's would: its memory is the program's own. */
growHeapSlowly();
const [, , config = ''] = process.argv;
await withProgram(config, async (program) => {
  for await (const { at } of requests()) {
    let error: string | null = null;
    let pollMs = Number.NaN;
    try {
      pollMs = await timed(() => program.poll(at));
      await program.maintain(at);
    } catch (fault) {
      error = String(fault);
    }
    const answer: PollAnswer = { residentMb: residentMb(), pollMs, error };
    process.send?.(answer);
  }
});

/** Ends when the bench lets the process go. */
async function* requests(): AsyncGenerator<PollRequest> {
  const waiting: (PollRequest | null)[] = [];
  let wake = (): void => undefined;
  const add = (request: PollRequest | null): void => {
    waiting.push(request);
    wake();
  };
  process.on('message', (request: PollRequest) => add(request));
  process.on('disconnect', () => add(null));
  for (;;) {
    const next = waiting.shift();
    if (next === null) return;
    if (next !== undefined) yield next;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}
