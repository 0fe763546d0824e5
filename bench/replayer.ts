import { backtest } from '../src/commands/backtest.ts';
import { residentMb, timed } from './measure.ts';
import { quietIo } from './quiet-io.ts';

/** What the bench learns of a backtest. */
export interface ReplayAnswer {
  readonly ms: number;
  /** What the process takes of the machine's memory at its end, MB. */
  readonly residentMb: number;
  readonly alerts: number;
}

/** A process that runs one backtest, as its user's would. */
const [, , config = '', from = '', to = ''] = process.argv;
let printed = '';
const io = quietIo((text) => (printed = text));
const ms = await timed(() => backtest({ config, from, to, step: '5m', rule: [], format: 'json' }, io));
const { alerts } = JSON.parse(printed) as { alerts: unknown[] };
const answer: ReplayAnswer = {
  ms,
  residentMb: residentMb(),
  alerts: alerts.length,
};
process.send?.(answer);
