import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PollAnswer, PollRequest } from './poller.ts';

/** A process of its own that polls. */
export interface Poller {
  /** One poll and what is due after it. */
  poll(at: number): Promise<PollAnswer>;
}

/** Starts a process that polls with an alerts.yaml, for as long as `work` runs. */
export async function withPoller<T>(config: string, work: (poller: Poller) => Promise<T>): Promise<T> {
  const child = fork(fileURLToPath(new URL('./poller.js', import.meta.url)), [config]);
  const exited = once(child, 'exit');
  try {
    return await work({
      async poll(at) {
        const request: PollRequest = { at };
        child.send(request);
        const [answer] = (await Promise.race([once(child, 'message'), exited])) as [PollAnswer | number];
        if (typeof answer !== 'object') throw new Error(`the process that polls ended with ${answer}`);
        if (answer.error !== null) throw new Error(answer.error);
        return answer;
      },
    });
  } finally {
    if (child.connected) child.disconnect();
    await exited;
  }
}
