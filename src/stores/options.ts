// The options under `audit:`: table, preset, columns, dimensions.

import { z } from 'zod';
import { COLUMNS, type Column, isColumn } from '../model/columns.ts';
import { isZone } from '../model/local-time.ts';
import { isMetric } from '../model/metric.ts';
import { oneLine } from '../model/one-line.ts';
import { OWN_AGGREGATES, OWN_NAME } from '../model/own-metric.ts';
import type { ColumnSource, EngineScheme, Mapping } from './audit-store.ts';
import { PRESETS, type PresetName } from './presets/index.ts';
import { mappingIn, type Preset } from './presets/preset.ts';
import { rowFilterOption } from './row-filter.ts';

const columnName = z.string().min(1).describe('A column of the table');
const expression = z
  .strictObject({ sql: z.string().min(1) })
  .describe('A trusted SQL expression over the columns of the table');
const columnSource = z.union([columnName, expression]).describe('A column, or { sql: "expression" }');

const timeSource = z
  .strictObject({
    column: z.string().min(1).describe('A column of the table'),
    unit: z
      .enum(['s', 'ms', 'us', 'ns'])
      .exactOptional()
      .describe('The column holds numbers since 1970: seconds, ms, µs or ns'),
    zone: z
      .string()
      .refine(isZone, {
        error: 'not an IANA time zone',
        params: { hint: 'write a name such as Asia/Shanghai' },
      })
      .exactOptional()
      .describe('The column holds local times of this zone'),
  })
  .superRefine(({ unit, zone }, context) => {
    if ((unit === undefined) !== (zone === undefined)) return;
    const message =
      unit === undefined ? 'has neither unit nor zone' : 'numbers since 1970 have no zone of their own';
    const params = { hint: 'write { column, unit: s|ms|us|ns } or { column, zone: Asia/Shanghai }' };
    context.addIssue({ code: 'custom', message, params });
  })
  .describe('Only of `time`: a column of numbers since 1970 (`unit`), or of local times (`zone`)');

const ownMeasure = z
  .strictObject({
    column: z.string().min(1).exactOptional().describe('A column of the table'),
    sql: z
      .string()
      .min(1)
      .exactOptional()
      .describe('A trusted SQL expression over the columns of the table, in place of `column`'),
    aggregate: z.enum(OWN_AGGREGATES).describe('How the values of the calls are put together'),
    unit: oneLine({ least: 0, most: 20, error: 'must be at most 20 characters in one line' })
      .exactOptional()
      .describe(
        'What follows the number; currencies such as `USD`, and `ms`, `tokens`, `calls` and `ratio` are shown as of other metrics',
      ),
  })
  .superRefine(({ column, sql }, context) => {
    if ((column === undefined) !== (sql === undefined)) return;
    const message = column === undefined ? 'nothing is measured' : 'column and sql exclude each other';
    context.addIssue({ code: 'custom', message, params: { hint: 'give a column or an sql expression' } });
  });

/** The keys under `audit:` that say where the calls are in the database. */
export const tableOptions = z
  .strictObject({
    preset: z
      .enum(Object.keys(PRESETS) as [PresetName, ...PresetName[]])
      .exactOptional()
      .describe('Table with a known layout (default: `api_audit_logs` where no `table` is named)'),
    table: z
      .string()
      .regex(/^[^.]+(\.[^.]+)?$/, { error: 'must be `table` or `schema.table`' })
      .exactOptional()
      .describe(
        'Table to read: `table` or `schema.table`, without quotes, in the letter case of the database',
      ),
    columns: z
      .partialRecord(z.enum(COLUMNS), z.union([columnName, expression, timeSource]).nullable())
      .exactOptional()
      .describe(
        'Column or `{ sql: … }` of each canonical column, `null` where the table has none; of `time` also a `column` with the `unit` of its numbers since 1970, or the `zone` of its local times',
      ),
    where: rowFilterOption
      .exactOptional()
      .describe(
        'Which rows of the table are read, by its columns: `{ type: [2, 5] }`, `{ state: { not: [test] } }`; or `{ sql: "expression" }`',
      ),
    dimensions: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be letters, digits and underscores' }),
        columnSource,
      )
      .exactOptional()
      .describe('Further dimensions for `group_by` and `where`, such as `team: team_id`'),
    measures: z
      .record(
        z
          .string()
          .regex(OWN_NAME, { error: 'must be lower-case letters, digits and underscores, at most 40' }),
        ownMeasure,
      )
      .exactOptional()
      .describe('Metrics of your own, by name: a column or expression and how its values are put together'),
  })
  .superRefine((options, context) => {
    // Whatever the filter is: it may be a fault of its own.
    const { where, ...rest } = options;
    // Which engine reads it is not known here.
    if (mappingOf(rest, presetOf(rest)?.onlyIn).columns.time === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['columns', 'time'],
        message: 'is missing: without the time of a call nothing can be read',
      });
    }
    for (const [name, source] of Object.entries(options.columns ?? {})) {
      if (name !== 'time' && isTimeSource(source)) {
        context.addIssue({
          code: 'custom',
          path: ['columns', name],
          message: 'only `time` has a unit or a zone',
          params: { hint: 'write the name of the column, or { sql: "expression" }' },
        });
      }
    }
    for (const name of Object.keys(options.measures ?? {})) {
      if (isMetric(name)) {
        context.addIssue({
          code: 'custom',
          path: ['measures', name],
          message: 'is the name of a metric',
          params: { hint: 'choose another name' },
        });
      }
    }
    for (const name of Object.keys(options.dimensions ?? {})) {
      if (isColumn(name)) {
        context.addIssue({
          code: 'custom',
          path: ['dimensions', name],
          message: 'is the name of a canonical column; map it under `columns`',
        });
      }
    }
  });
export type TableOptions = z.infer<typeof tableOptions>;

/** The mapping that these options give in an engine: the preset's with the options' changes, or the options' own. */
export function mappingOf(
  options: Omit<TableOptions, 'preset'> & { preset?: PresetName },
  engine: EngineScheme | 'postgres' = 'postgres',
): Mapping {
  const named = presetOf(options);
  const preset = named === null ? null : mappingIn(named, engine);
  const columns: Partial<Record<Column, ColumnSource>> = { ...preset?.columns };
  for (const [name, source] of Object.entries(options.columns ?? {}) as [Column, WrittenSource | null][]) {
    if (source === null) delete columns[name];
    else columns[name] = isTimeSource(source) ? source.column : source;
  }
  const where = [...(preset?.where ?? []), ...(options.where ?? [])];
  return {
    table: options.table ?? preset?.table ?? '',
    columns,
    dimensions: { ...preset?.dimensions, ...options.dimensions },
    ...(options.measures === undefined ? {} : { measures: sourcesOfMeasures(options.measures) }),
    ...(where.length === 0 ? {} : { where }),
    timeKind: timeKindOf(options.columns?.time, preset?.timeKind ?? null),
    ...(preset?.optional === undefined ? {} : { optional: preset.optional }),
  };
}

type TimeSource = z.infer<typeof timeSource>;
type WrittenSource = ColumnSource | TimeSource;

function isTimeSource(source: unknown): source is TimeSource {
  return typeof source === 'object' && source !== null && 'column' in source;
}

function timeKindOf(
  written: WrittenSource | null | undefined,
  ofPreset: Mapping['timeKind'],
): Mapping['timeKind'] {
  if (written === undefined) return ofPreset;
  if (!isTimeSource(written)) return null;
  if (written.unit !== undefined) return { unit: written.unit };
  return written.zone === undefined ? null : { zone: written.zone };
}

function sourcesOfMeasures(measures: NonNullable<TableOptions['measures']>): Record<string, ColumnSource> {
  return Object.fromEntries(
    Object.entries(measures).map(([name, measure]) => [name, measure.column ?? { sql: measure.sql ?? '' }]),
  );
}

/** The preset that the options name; the default one where they name neither preset nor table; else null. */
export function presetOf(options: { preset?: PresetName; table?: string }): Preset | null {
  if (options.preset !== undefined) return PRESETS[options.preset];
  return options.table === undefined ? PRESETS.api_audit_logs : null;
}
