import { growHeapSlowly } from '../src/worker/heap.ts';
import { timed } from './measure.ts';
import { forgetPeak, peakMb, residentMb } from './memory.ts';
import { withProgram } from './polls.ts';

/** What the bench asks of the process that polls: a poll as of an instant (ms), or what is due after it. */
export interface Request {
  readonly what: 'poll' | 'maintain';
  readonly at: number;
}

/** Its answer, when that is done. */
export interface Answer {
  readonly ms: number;
  /** What the process takes of the machine's memory when it is done, and the most that it took meanwhile, MB. */
  readonly residentMb: number;
  readonly peakMb: number;
  /** Why it could not be done. */
  readonly error: string | null;
}

/** A process that does nothing but poll, as the worker's would: its memory is the program's own. */
growHeapSlowly();
const [, , config = ''] = process.argv;
await withProgram(config, async (program) => {
  for await (const { what, at } of requests()) {
    let error: string | null = null;
    let ms = Number.NaN;
    forgetPeak();
    try {
      ms = await timed(() => program[what](at));
    } catch (fault) {
      error = String(fault);
    }
    const answer: Answer = { ms, residentMb: residentMb(), peakMb: peakMb(), error };
    process.send?.(answer);
  }
});

/** Ends when the bench lets the process go. */
async function* requests(): AsyncGenerator<Request> {
  const waiting: (Request | null)[] = [];
  let wake = (): void => undefined;
  const add = (request: Request | null): void => {
    waiting.push(request);
    wake();
  };
  process.on('message', (request: Request) => add(request));
  process.on('disconnect', () => add(null));
  for (;;) {
    const next = waiting.shift();
    if (next === null) return;
    if (next !== undefined) yield next;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}
