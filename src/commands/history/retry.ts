// `spendwatch history retry`: queues a delivery that was given up once more.

import type { Config } from '../../config/config.ts';
import { displayText } from '../../model/display-text.ts';
import { localTime } from '../../model/display-time.ts';
import { AppError } from '../../model/errors.ts';
import { type Requeued, requeue } from '../../state/requeue.ts';
import type { Io } from '../io.ts';
import { loadWithoutChannels } from '../load.ts';
import { withKeptState } from '../state.ts';

export interface RetryOptions {
  readonly config: string;
  readonly id: string;
}

/** Queues it under the same id. Resolves to 0; throws an AppError where there is nothing to send again. */
export async function retryDelivery({ config: file, id: given }: RetryOptions, io: Io): Promise<number> {
  const config = await loadWithoutChannels(file, io);
  // Mails have it between < and @.
  const id = /^<?([^@<>]+)(?:@.*)?$/.exec(given.trim())?.[1] ?? given;
  const found = await withKeptState(config, io, 'write', (sql) =>
    requeue(sql, id, Date.now(), (channel) => ensureChannel(channel, config)),
  );
  const shown = displayText(id);
  if (found === null) {
    throw new AppError('delivery_unknown', `there is no delivery ${shown}`, {
      hint: 'spendwatch history --outcome given_up prints those that can be sent again; they are kept for 90 days',
    });
  }
  const fault = faultOf(found, shown, config);
  if (fault !== null) throw fault;
  io.out(
    `queued ${shown} for ${displayText(found.channel)} again: the worker, or check --notify, sends it now`,
  );
  return 0;
}

function faultOf(
  { before, channel, settledAt, nextAt }: Requeued,
  id: string,
  config: Config,
): AppError | null {
  const time = (at: number): string => localTime(at - (at % 1_000), config.timezone);
  const name = displayText(channel);
  switch (before) {
    case 'given_up':
      return null;
    case 'delivered':
      return new AppError(
        'delivery_delivered',
        `${id} was delivered to ${name}${settledAt === null ? '' : ` at ${time(settledAt)}`}`,
        { hint: 'it is not sent twice' },
      );
    default:
      return new AppError(
        'delivery_pending',
        `${id} is still pending: it is sent to ${name} at ${time(nextAt)}`,
        {
          hint: 'only what was given up can be queued again; spendwatch status shows the queues',
        },
      );
  }
}

/** Nobody would send it. */
function ensureChannel(channel: string, { channels, path }: Config): void {
  if (channels.has(channel)) return;
  throw new AppError(
    'channel_unknown',
    `it is for the channel ${displayText(channel)}, which ${path} does not have`,
    {
      hint: 'add the channel to the file, and try again',
    },
  );
}
