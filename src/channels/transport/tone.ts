// The colour of a message, by what it means.

import type { Message } from '../../model/message.ts';
import type { Severity } from '../../model/rule.ts';

/** `good` is the end of something. A drill has the colour of `info`, so that nobody takes it for an alert. */
export type Tone = Severity | 'good';

/** What a reader should feel before reading. */
export function toneOf({ type, severity, incident }: Message): Tone {
  // A note, such as that of a silence.
  if (type === 'alert.firing' && incident?.isNews === false) return 'info';
  const isOver = type === 'health.sees' || type === 'alert.resolved' || incident?.isClosed === true;
  return isOver && type !== 'health.channel' ? 'good' : severity;
}
