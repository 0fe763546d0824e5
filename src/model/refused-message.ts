// Makes the message about a changed file that was refused.

import { displayText } from './display-text.ts';
import { localTime } from './display-time.ts';
import { type Message, NO_ALERTS } from './message.ts';
import { messageJson } from './message-json.ts';
import { isoInstant } from './window.ts';

/** Why a changed file is not used. `faults` are sentences for people in the order of the file, without secrets. */
export interface RefusedFile {
  readonly path: string;
  readonly faults: readonly string[];
  /** When the first change after the file in force was refused, ms. */
  readonly since: number;
}

const LONGEST_FAULT = 300;
const MOST_FAULTS = 10;

/** The message about a changed file that cannot be used, as people may believe that its rules are in force. */
export function refusedMessage(
  { path, faults, since }: RefusedFile,
  { zone, timestamp }: { readonly zone: string; readonly timestamp: number },
): Message {
  const shown = faults.slice(0, MOST_FAULTS).map((fault) => displayText(fault, LONGEST_FAULT));
  const more = faults.length - shown.length;
  return {
    type: 'health.reload',
    severity: 'warning',
    rule: null,
    timestamp,
    title: `[WARNING] spendwatch refused a changed file: ${displayText(faults[0] ?? 'it cannot be used', 160)}`,
    note: null,
    lead: [
      'The rules from before the change stay in force. Nothing of the change is watched until it is put right.',
    ],
    sections: [
      {
        headline: '',
        facts: [
          ['File', displayText(path, LONGEST_FAULT)],
          ...shown.map((fault) => ['Fault', fault] as const),
          ['Since', localTime(since, zone)],
        ],
        tables: [],
      },
    ],
    footer: [
      ...(more > 0 ? [`And ${more} more.`] : []),
      'Once it is put right the file is read again by itself. To see every fault: spendwatch validate.',
    ],
    ...NO_ALERTS,
    json: messageJson('health.reload', timestamp, { path, faults, since: isoInstant(since) }),
  };
}
