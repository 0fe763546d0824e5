import { cpus, totalmem } from 'node:os';
import Table from 'cli-table3';

/** One line of the table. */
export interface Figure {
  readonly part: string;
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 'MB' | 'rows' | 'statements' | 'times';
  /** What the value should be; empty where nothing is asked of it. */
  readonly target: string;
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

export function printed(machine: Machine, rows: number, figures: readonly Figure[]): string {
  const { cores, cpu, memoryGb, node, postgres } = machine;
  const table = new Table({ head: ['part', 'what', 'value', 'target'], style: { head: [], border: [] } });
  for (const { part, what, value, unit, target } of figures) {
    table.push([part, what, { content: `${amount(value)} ${unit}`, hAlign: 'right' }, target]);
  }
  const about = `${cores} cores (${cpu}), ${memoryGb} GB, PostgreSQL ${postgres}, Node.js ${node}`;
  return `${rows.toLocaleString('en')} rows; ${about}\n${table.toString()}`;
}

function amount(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
}
