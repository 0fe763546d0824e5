import { startChild } from './child.ts';
import type { PollAnswer, PollRequest } from './poller.ts';

/** A process of its own that polls. */
export interface Poller {
  /** One poll and what is due after it. */
  poll(at: number): Promise<PollAnswer>;
}

/** Starts a process that polls with an alerts.yaml, for as long as `work` runs. */
export async function withPoller<T>(config: string, work: (poller: Poller) => Promise<T>): Promise<T> {
  const child = startChild('poller', [config]);
  try {
    return await work({
      async poll(at) {
        const request: PollRequest = { at };
        child.process.send(request);
        const answer = await child.answer<PollAnswer>();
        if (answer.error !== null) throw new Error(answer.error);
        return answer;
      },
    });
  } finally {
    if (child.process.connected) child.process.disconnect();
    await child.exited;
  }
}
