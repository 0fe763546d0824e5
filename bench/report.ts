import { cpus, totalmem } from 'node:os';
import Table from 'cli-table3';

/** One line of the table. */
export interface Figure {
  readonly part: string;
  readonly what: string;
  /** Null for what this program cannot do. */
  readonly value: number | null;
  readonly unit: 'ms' | 'MB' | 'kB' | 'rows' | 'statements' | 'times';
  /** The most that the value may be, which is asked of 10 million rows; left out where nothing is asked. */
  readonly atMost?: number;
}

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly postgres: string;
}

export function describeMachine(postgres: string): Machine {
  const cores = cpus();
  return {
    cores: cores.length,
    cpu: cores[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres,
  };
}

export function printed(machine: Machine, rows: number, rate: number, figures: readonly Figure[]): string {
  const { cores, cpu, memoryGb, node, postgres } = machine;
  const table = new Table({ head: ['part', 'what', 'value', 'target'], style: { head: [], border: [] } });
  for (const figure of figures) {
    const { part, what, value, unit, atMost } = figure;
    const text = value === null ? 'skipped' : `${amount(value)} ${unit}`;
    const target = atMost === undefined ? '' : `≤ ${amount(atMost)}${isMissed(figure) ? ', missed' : ''}`;
    table.push([part, what, { content: text, hAlign: 'right' }, target]);
  }
  const about = `${cores} cores (${cpu}), ${memoryGb} GB, PostgreSQL ${postgres}, Node.js ${node}`;
  return `${amount(rows)} rows, ${amount(rate)} calls a minute; ${about}\n${table.toString()}`;
}

function isMissed({ value, atMost }: Figure): boolean {
  return value !== null && atMost !== undefined && !(value <= atMost);
}

function amount(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
}
