// A channel that has no far end yet.

import { SendError } from '../model/errors.ts';
import type { Channel } from './channel.ts';

/** The channel without its far end: each attempt fails with `why`, as one that a person must put right. Nothing goes out. */
export function unconfigured(channel: Channel, why: string): Channel {
  const refuse = () => Promise.reject(new SendError('auth', 'person', why));
  return {
    name: channel.name,
    type: channel.type,
    timeoutMs: channel.timeoutMs,
    spacingMs: channel.spacingMs,
    render: (message, id) => channel.render(message, id),
    send: refuse,
    probe: refuse,
    close: () => channel.close(),
  };
}
