// `spendwatch silence add`: silences what fits for a time.

import { hostname, userInfo } from 'node:os';
import { displayText } from '../../model/display-text.ts';
import { durationText, localTime } from '../../model/display-time.ts';
import { AppError } from '../../model/errors.ts';
import type { Once } from '../../model/rule.ts';
import { isIncident } from '../../state/read-incidents.ts';
import { addSilence } from '../../state/silences.ts';
import { matchText } from '../../status/silence-shape.ts';
import type { Io } from '../io.ts';
import { loadWithoutChannels } from '../load.ts';
import { withState } from '../state.ts';
import { inVain, parsedMatch } from './match.ts';

export interface AddOptions {
  readonly config: string;
  readonly match: readonly string[];
  readonly forMs?: number;
  /** ms */
  readonly until?: number;
  /** ms; by default now. */
  readonly from?: number;
  readonly reason: string;
  readonly by?: string;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const LONGEST_MS = 90 * DAY;
const LONGEST_REASON = 500;
const LONGEST_NAME = 100;

/** Keeps the silence, and prints it and how to end it. Resolves to 0. */
export async function addSilenceOf(options: AddOptions, io: Io): Promise<number> {
  const config = await loadWithoutChannels(options.config, io);
  const match = parsedMatch(options.match, config);
  const now = Date.now();
  const times = timesOf(options, now);
  const reason = bounded('--reason', options.reason, LONGEST_REASON);
  const createdBy = bounded('--by', options.by ?? whoRuns(), LONGEST_NAME);
  const { id, isKnown } = await withState(config, io, async (sql) => {
    const added = await addSilence(sql, { ...match, times, reason, createdBy }, now);
    return { id: added.id, isKnown: match.incident === null || (await isIncident(sql, match.incident)) };
  });
  const vain = isKnown
    ? inVain(match, config)
    : `there is no incident ${match.incident}: nothing is silenced`;
  if (vain !== null) io.err(`spendwatch: warning: ${vain}`);
  const from = times.from <= now ? '' : ` from ${localTime(times.from, config.timezone)}`;
  const until = localTime(times.until, config.timezone);
  const why = reason === '' ? '' : `: ${displayText(reason, LONGEST_REASON)}`;
  const long = durationText(times.until - Math.max(times.from, now));
  io.out(`silenced ${matchText(match)}${from} until ${until} (${long})${why}`);
  const file = options.config === './alerts.yaml' ? '' : ` -c ${shellWord(options.config)}`;
  io.out(`id ${id}; to end it: spendwatch silence end ${id}${file}`);
  return 0;
}

/**
 * Whole minutes: it begins with the one that is under way, so that a poll of it which comes a little late is silent too, and
 * `--for` ends with the one that is begun.
 */
function timesOf({ forMs, until: end, from: begin }: AddOptions, now: number): Once {
  if ((forMs === undefined) === (end === undefined)) {
    throw new AppError(
      'usage',
      end === undefined ? 'it is not said for how long' : '--for and --until exclude each other',
      { hint: 'give --for 2h, or --until 2026-11-20T06:00:00Z' },
    );
  }
  const start = begin ?? now;
  const until = end ?? Math.ceil((start + (forMs ?? 0)) / MINUTE) * MINUTE;
  if (start < now - MINUTE || start > now + LONGEST_MS) {
    throw new AppError('usage', '--from is in the past, or more than 90 days ahead', {
      hint: 'leave it out to begin now',
    });
  }
  if (until <= start) {
    throw new AppError('usage', 'the silence ends before it begins', {
      hint: 'give an --until that is still to come',
    });
  }
  if (until - start < MINUTE || until - start >= LONGEST_MS + MINUTE) {
    throw new AppError('usage', 'a silence lasts from 1m to 90d', {
      hint: 'what is to be silent for longer belongs in alerts.yaml: `silences`, or `enabled: false`',
    });
  }
  return { from: begin ?? Math.floor(now / MINUTE) * MINUTE, until };
}

function bounded(option: string, text: string, longest: number): string {
  if (text.length <= longest) return text;
  throw new AppError('usage', `${option} has more than ${longest} characters`);
}

/** The user of this process. In a container it may have a number only. */
function whoRuns(): string {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    user = `uid ${process.getuid?.() ?? 'unknown'}`;
  }
  return `${user}@${hostname()}`.slice(0, LONGEST_NAME);
}

function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
