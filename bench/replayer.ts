import { backtest } from '../src/commands/backtest.ts';
import { timed } from './measure.ts';
import { peakMb } from './memory.ts';
import { quietIo } from './quiet-io.ts';

/** What the bench learns of a backtest. */
export interface ReplayAnswer {
  readonly ms: number;
  /** The most that the process took of the machine's memory, MB. */
  readonly peakMb: number;
  readonly alerts: number;
}

/** A process that runs one backtest, as its user's would. */
const [, , config = '', from = '', to = ''] = process.argv;
let printed = '';
const io = quietIo((text) => (printed = text));
const ms = await timed(() => backtest({ config, from, to, step: '5m', rule: [], format: 'json' }, io));
const { alerts } = JSON.parse(printed) as { alerts: unknown[] };
const answer: ReplayAnswer = { ms, peakMb: peakMb(), alerts: alerts.length };
process.send?.(answer);
