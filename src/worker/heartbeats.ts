// The heartbeat of a file, kept over reloads.

import { chooseProxy } from '../channels/transport/proxy-choice.ts';
import type { Config } from '../config/config.ts';
import { type Heartbeat, heartbeat } from './heartbeat.ts';
import type { Log } from './log.ts';

/** One heartbeat for each URL and proxy, so that a reload does not send it more than once a minute. */
export function heartbeats(log: Log): (config: Config) => Heartbeat | null {
  const known = new Map<string, Heartbeat>();
  return ({ heartbeat: setting, proxies }) => {
    if (setting === null) return null;
    const url = setting.url.reveal();
    const proxy = chooseProxy(url, setting.proxy, proxies);
    const key = JSON.stringify([url, proxy?.url.reveal()]);
    const earlier = known.get(key);
    if (earlier !== undefined) return earlier;
    const failed = (reason: string): void => log.warn({ reason }, 'the heartbeat did not arrive');
    const made = heartbeat(url, failed, proxy);
    known.set(key, made);
    return made;
  };
}
