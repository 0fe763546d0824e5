// `spendwatch history retry`: sends a delivery now that was given up or waits for its next attempt.

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

/** Makes it due under the same id. Resolves to 0; throws an AppError where there is nothing to send again. */
export async function retryDelivery({ config: file, id: given }: RetryOptions, io: Io): Promise<number> {
  const config = await loadWithoutChannels(file, io);
  // Mails have it between < and @.
  const id = /^<?([^@<>]+)(?:@.*)?$/.exec(given.trim())?.[1] ?? given;
  const now = Date.now();
  const found = await withKeptState(config, io, 'write', (sql) =>
    requeue(sql, id, now, (channel) => ensureChannel(channel, config)),
  );
  const shown = displayText(id);
  if (found === null) {
    throw new AppError('delivery_unknown', `there is no delivery ${shown}`, {
      hint: 'spendwatch history --outcome pending --outcome given_up prints those that can be sent; they are kept for 90 days',
    });
  }
  const channel = displayText(found.channel);
  if (found.before === 'delivered') throw deliveredFault(found, shown, channel, config);
  const sender = 'the worker, or check --notify, sends it now';
  if (found.before === 'given_up') io.out(`queued ${shown} for ${channel} again: ${sender}`);
  else if (found.nextAt > now) io.out(`${shown} for ${channel} waits no longer: ${sender}`);
  else io.out(`${shown} for ${channel} is due already: ${sender}`);
  return 0;
}

function deliveredFault(
  { settledAt }: Requeued,
  id: string,
  channel: string,
  { timezone }: Config,
): AppError {
  const at = settledAt === null ? '' : ` at ${localTime(settledAt - (settledAt % 1_000), timezone)}`;
  return new AppError('delivery_delivered', `${id} was delivered to ${channel}${at}`, {
    hint: 'it is not sent twice',
  });
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
