// An alert that a replay would have sent.

import type { Rule } from '../model/rule.ts';
import type { AlertNotification } from '../pipeline/decide.ts';

/** An alert that would have been sent. */
export interface SentAlert {
  readonly rule: Rule;
  readonly notification: AlertNotification;
}
