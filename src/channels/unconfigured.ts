// A channel that still has a placeholder in place of its receiver.

import { SendError } from '../model/errors.ts';
import type { Channel } from './channel.ts';

/** The channel with sends that fail: each attempt is a failure for a person, with `why`. Nothing is sent. */
export function unconfigured(channel: Channel, why: string): Channel {
  const refuse = () => Promise.reject(new SendError('auth', 'person', why));
  return { ...channel, send: refuse, probe: refuse };
}
