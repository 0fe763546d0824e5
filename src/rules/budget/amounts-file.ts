// Reads the amounts of a budget from CSV.

import { CsvError, type Info, parse } from 'csv-parse/sync';
import { parseFixed } from '../../model/money.ts';
import type { LineFault, RuleFile } from '../rule-type.ts';

const COLUMNS = ['group', 'amount'] as const;
const HEADER_HINT = 'the first line names the columns: group,amount';

/** CSV with the columns `group` and `amount`, in any order; other columns are passed over. */
export const amountsFile: RuleFile = {
  key: 'amounts_file',
  standsFor: 'amounts',
  noun: 'file of amounts',
  read(text) {
    const rows = rowsIn(text);
    if ('message' in rows) return { value: {}, faults: [rows] };
    const [header, ...records] = rows;
    if (header === undefined)
      return { value: {}, faults: [{ line: 1, message: 'the file is empty', hint: HEADER_HINT }] };
    const names = header.cells.map((name) => name.toLowerCase());
    const missing = COLUMNS.filter((name) => !names.includes(name));
    if (missing.length > 0) {
      const message = `the header has no column ${missing.join(' and no column ')}`;
      return { value: {}, faults: [{ line: header.line, message, hint: HEADER_HINT }] };
    }
    const [group, amount] = COLUMNS.map((name) => names.indexOf(name)) as [number, number];
    return amountsIn(records, { group, amount, count: names.length, isOfCommas: header.isOfCommas });
  },
};

interface Row {
  readonly cells: readonly string[];
  readonly line: number;
  /** Whether its cells are divided by commas, not by semicolons. */
  readonly isOfCommas: boolean;
}

/** Where the two columns stand, and how many there are. */
interface Columns extends Pick<Row, 'isOfCommas'> {
  readonly group: number;
  readonly amount: number;
  readonly count: number;
}

/** The records of a text, or why it cannot be divided into records. A byte order mark is passed over. */
function rowsIn(text: string): Row[] | LineFault {
  const plain = text.replace(/^\uFEFF/, '');
  const [first = ''] = plain.split('\n', 1);
  const delimiter = first.includes(';') && !first.includes(',') ? ';' : ',';
  const lines: Row[] = [];
  try {
    const records = parse(plain, {
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { readonly record: readonly string[]; readonly info: Info }[];
    // A record is known by the line on which it ends.
    for (const { record, info } of records) {
      const breaks = record.reduce((count, cell) => count + cell.split('\n').length - 1, 0);
      const row = { cells: record, line: info.lines - breaks, isOfCommas: delimiter === ',' };
      if (record.some((cell) => cell !== '')) lines.push(row);
    }
    return lines;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error.lines ?? 1);
    return {
      line,
      message: 'a quote is in the wrong place, or is not closed',
      hint: 'write quotes within quotes twice',
    };
  }
}

function amountsIn(records: readonly Row[], columns: Columns): ReturnType<RuleFile['read']> {
  const { group, amount } = columns;
  const faults: LineFault[] = [];
  const firstLines = new Map<string, number>();
  const amounts: [group: string, amount: string][] = [];
  for (const { cells, line } of records) {
    const name = cells[group] ?? '';
    const found =
      lengthFault(cells, columns) ??
      groupFault(name, firstLines.get(name)) ??
      amountFault(cells[amount] ?? '', columns);
    if (found !== null) faults.push({ line, ...found });
    if (!firstLines.has(name)) firstLines.set(name, line);
    amounts.push([name, cells[amount] ?? '']);
  }
  if (records.length === 0) {
    faults.push({
      line: 1,
      message: 'the file has no amounts',
      hint: 'write a line for each group, such as search,2000',
    });
  }
  return { value: Object.fromEntries(amounts), faults };
}

/** More cells than columns: `search,2,000` is not two dollars. */
function lengthFault(cells: readonly string[], { count }: Columns): Omit<LineFault, 'line'> | null {
  if (cells.slice(count).every((cell) => cell === '')) return null;
  return {
    message: `the line has ${cells.length} columns, and the header ${count}`,
    hint: 'write amounts without commas, such as 2000, and names with commas in quotes',
  };
}

function groupFault(name: string, firstLine: number | undefined): Omit<LineFault, 'line'> | null {
  if (name === '')
    return { message: 'the line has no group', hint: 'write a line for each group, such as search,2000' };
  if (firstLine !== undefined) {
    return {
      message: `the group "${name}" stands in line ${firstLine} already`,
      hint: 'keep one of the two',
    };
  }
  return name === '__proto__'
    ? { message: 'the group "__proto__" cannot be used', hint: 'name it otherwise' }
    : null;
}

function amountFault(text: string, { isOfCommas }: Columns): Omit<LineFault, 'line'> | null {
  // Where semicolons divide cells, a point may divide thousands.
  if (!isOfCommas && /^\d{1,3}(\.\d{3})+$/.test(text)) {
    const hint = 'write it without points where it is in thousands, else with two digits after the point';
    return { message: `"${text}" may be ${text.replaceAll('.', '')} or a small number`, hint };
  }
  const hint = 'write a plain decimal above 0, such as 2000 or 1500.50, without unit or commas';
  if (text === '') return { message: 'the line has no amount', hint };
  const amount = parseFixed(text);
  if (amount === null) return { message: `"${text}" is not a number`, hint };
  return amount > 0n ? null : { message: `the amount ${text} is not above 0`, hint };
}
