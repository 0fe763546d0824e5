// Parses --from, --to, --last and --step.

import { AppError } from '../model/errors.ts';
import { dayStart } from '../model/local-time.ts';
import { DURATION_BOUNDS, isWrittenDuration, parseDuration } from '../model/window.ts';

const DAY = 86_400_000;
/** A year of minutes is half of this. More must be a typing error. */
const MOST_INSTANTS = 1_000_000;

/** The time to replay: [from, to) in ms, with a step, or with null the schedule of the file. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number | null;
}

/** Either `--from` and `--to`, or `--last`. */
interface Ends {
  readonly from?: string;
  readonly to?: string;
  readonly last?: string;
}

/** Parses `--from` and `--to` or `--last`, and `--step`. Dates are days of `zone`. Throws AppError `usage`. */
export function rangeOf(given: Ends & { readonly step: string }, zone: string, now: number): Range {
  const { from, to } = endsOf(given, zone, now);
  if (to <= from) throw new AppError('usage', `--to ${given.to} is not after --from ${given.from}`);
  if (to > now) {
    throw new AppError('usage', `--to ${given.to} lies in the future`, {
      hint: 'a backtest needs calls that were made: end it now or earlier',
    });
  }
  const hint = 'write 5m or 1h, or schedule for the instants of the file';
  const stepMs = given.step === 'schedule' ? null : durationOf('--step', given.step, hint);
  const instants = (to - from) / (stepMs ?? 60_000);
  if (instants > MOST_INSTANTS) {
    throw new AppError('usage', `that is ${Math.ceil(instants).toLocaleString('en-US')} instants to replay`, {
      hint: `choose a longer --step or a shorter time, for at most ${MOST_INSTANTS.toLocaleString('en-US')}`,
    });
  }
  return { from, to, stepMs };
}

const MINUTE = 60_000;

/** The range of `--last` ends now, cut to the minute. */
function endsOf({ from, to, last }: Ends, zone: string, now: number): Pick<Range, 'from' | 'to'> {
  if (last !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new AppError('usage', '--last cannot be used together with --from or --to', {
        hint: 'drop one or the other',
      });
    }
    const lastMs = durationOf('--last', last, 'write 28d or 12h');
    const end = Math.floor(now / MINUTE) * MINUTE;
    return { from: end - lastMs, to: end };
  }
  if (from === undefined || to === undefined) {
    throw new AppError('usage', `${from === undefined ? '--from' : '--to'} is missing`, {
      hint: 'give --from and --to, or --last 28d',
    });
  }
  return { from: instantOf('--from', from, zone), to: instantOf('--to', to, zone) };
}

/** A duration above 0, in ms. */
function durationOf(option: string, text: string, hint: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  const fault = isWrittenDuration(text) ? `must be ${DURATION_BOUNDS}` : 'is not a duration';
  throw new AppError('usage', `${option} ${text} ${fault}`, { hint });
}

/** An instant with a zone, or a date, which means the beginning of that day in `zone`. */
function instantOf(option: string, text: string, zone: string): number {
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (date !== null) {
    const utc = Date.parse(`${text}T00:00:00Z`);
    // Date.parse takes 30 February for 2 March.
    if (!Number.isNaN(utc) && new Date(utc).toISOString().startsWith(text)) return dayStart(utc / DAY, zone);
  }
  const ms = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new AppError('usage', `${option} ${text} is not an instant`, {
    hint: 'write ISO 8601 with a zone, such as 2026-11-20T02:05:00Z, or a date, such as 2026-11-20',
  });
}
