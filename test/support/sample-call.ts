import { COLUMNS, type Column, type ColumnKind, describeColumn } from '../../src/model/columns.ts';
import { type Measure, msMeasure } from '../../src/model/measure.ts';
import { formatFixed } from '../../src/model/money.ts';
import type { Cell } from '../../src/model/series.ts';
import { sketchQuantile } from '../../src/model/sketch.ts';
import type { AuditStore, CallRow } from '../../src/stores/audit-store.ts';

/** When the sample call was made. */
export const CALLED_AT = Date.parse('2026-03-10T09:30:00Z');

/** A value of each kind as import takes it, and one that it must refuse; null where it takes any text. */
export const SAMPLES: Readonly<
  Record<ColumnKind, { readonly value: string; readonly wrong: string | null }>
> = {
  time: { value: new Date(CALLED_AT).toISOString(), wrong: 'yesterday' },
  money: { value: '1.25', wrong: 'a dollar' },
  dimension: { value: 'a name', wrong: null },
  // A UUID, which columns of text and columns of identifiers both take.
  text: { value: '00000000-0000-4000-8000-000000000001', wrong: null },
  tokens: { value: '7', wrong: '7.5' },
  status: { value: '500', wrong: 'failed' },
  ms: { value: '12.2', wrong: 'fast' },
  boolean: { value: 'true', wrong: 'perhaps' },
  id: { value: '41', wrong: 'a' },
};

/** A failed call that says something of every column. */
export const SAMPLE_CALL: CallRow = Object.fromEntries(
  COLUMNS.map((column) => [column, SAMPLES[describeColumn(column).kind].value]),
);

/** The measures of a column by its kind: what rules can ask of it. */
export function measuresOfColumn(column: Column): Measure[] {
  switch (describeColumn(column).kind) {
    case 'money':
      return ['cost'];
    case 'tokens':
      return [column as Measure];
    case 'status':
      return ['failed'];
    case 'ms':
      return (['sum', 'count', 'sketch'] as const).map((as) => msMeasure(column as 'latency_ms', as));
    case 'time':
    case 'dimension':
    case 'text':
    case 'boolean':
    case 'id':
      return [];
  }
}

/** What a store says of a column over the minutes around the sample call, by measure or as a group; {} for columns that it is not asked for. */
export async function readBack(store: AuditStore, column: Column): Promise<Record<string, string | null>> {
  const told: Record<string, string | null> = {};
  for (const measure of measuresOfColumn(column)) {
    const cell = (await cellOf(store, [measure]))?.cell;
    const sketch = cell?.sketches[measure];
    told[measure] =
      sketch === undefined
        ? formatFixed(cell?.sums[measure] ?? 0n, 12)
        : String(sketchQuantile(sketch, 0.5)?.toPrecision(2) ?? null);
  }
  const { kind } = describeColumn(column);
  if (kind === 'dimension') told[column] = (await cellOf(store, ['calls'], [column]))?.key[0] ?? null;
  if (kind === 'time')
    told[column] = String(await store.snapshot((snapshot) => snapshot.newestRow(CALLED_AT + 1)));
  if (kind === 'id')
    told[column] = await store.snapshot(async ({ changes }) => (await changes?.newestId()) ?? null);
  return told;
}

/** The cell of the call's window, whole or of one group. */
async function cellOf(store: AuditStore, measures: readonly Measure[], groupBy: readonly string[] = []) {
  const window = { from: CALLED_AT - 60_000, to: CALLED_AT + 60_000 };
  const read = { measures, where: {}, groupBy, edges: [window.from, window.to], ranges: [window] };
  const { answers } = await store.read([read], CALLED_AT + 1);
  const [answer] = answers;
  if (answer === undefined || answer instanceof Error) throw answer ?? new Error('left unanswered');
  if ('failed' in answer) throw [...answer.failed.values()][0];
  return (answer as readonly { key: readonly (string | null)[]; cell: Cell }[])[0];
}

/** What `readBack` must tell of the sample call, whose values these are. */
export function expectedOf(column: Column, value: string): Record<string, string> {
  const { kind } = describeColumn(column);
  if (kind === 'time') return { [column]: String(CALLED_AT) };
  if (kind === 'dimension' || kind === 'id') return { [column]: value };
  return Object.fromEntries(
    measuresOfColumn(column).map((measure) => {
      if (measure === 'failed' || measure.endsWith('_count')) return [measure, '1'];
      return [measure, measure.endsWith('_sketch') ? Number(value).toPrecision(2) : value];
    }),
  );
}
