// `spendwatch test-channel`: sends a drill.

import { openChannel } from '../app.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { placeholdersOf } from '../config/placeholders.ts';
import { deliveryId } from '../model/delivery.ts';
import { AppError, wordsOf } from '../model/errors.ts';
import { drillMessage } from '../model/health-message.ts';
import type { Io } from './io.ts';

export interface TestChannelOptions {
  readonly config: string;
  readonly names: readonly string[];
  readonly all: boolean;
}

/** Sends a drill to each channel and prints what the receiver answered. Resolves to 1 if one of them failed. */
export async function testChannel(options: TestChannelOptions, io: Io): Promise<number> {
  const config = await loadConfig(options.config, io.env);
  const names = namesOf(options, config);
  const sent = await Promise.all(names.map((name) => drill(config, name, io)));
  return sent.every(Boolean) ? 0 : 1;
}

function namesOf({ names, all }: TestChannelOptions, config: Config): string[] {
  const known = [...config.channels.keys()];
  if (all) return known;
  if (names.length === 0) {
    throw new AppError('usage', 'no channel was named', {
      hint: `name one or more of ${known.join(', ')}, or use --all`,
    });
  }
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new AppError('usage', `there is no channel ${unknown} in ${config.path}`, {
      hint: `its channels are: ${known.join(', ')}`,
    });
  }
  return [...new Set(names)];
}

async function drill(config: Config, name: string, io: Io): Promise<boolean> {
  const placeholder = placeholdersOf(config).find(({ channel }) => channel === name);
  if (placeholder !== undefined) {
    io.out(`${name}: failed: ${placeholder.message} (${placeholder.hint})`);
    return false;
  }
  try {
    const channel = await openChannel(config, name);
    try {
      const now = Date.now();
      const message = drillMessage({ channel: name, at: now, zone: config.timezone, timestamp: now });
      const id = deliveryId(name, ['drill', now]);
      const envelope = { id, body: channel.render(message, id), accepted: [] };
      const { answer } = await channel.send(envelope, AbortSignal.timeout(channel.timeoutMs));
      io.out(`${name}: sent (${answer})`);
      return true;
    } finally {
      await channel.close();
    }
  } catch (error) {
    io.out(`${name}: failed: ${wordsOf(error)}`);
    return false;
  }
}
