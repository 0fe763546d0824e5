import { VARIABLES } from './dashboard.ts';

/** What a reader has chosen. `services` and `models` are null for all. */
export interface Chosen {
  readonly from: Date;
  readonly to: Date;
  readonly zone: string;
  readonly table: string;
  readonly services: readonly string[] | null;
  readonly models: readonly string[] | null;
  /** The length of an interval on the time axis, in hours. */
  readonly hours: number;
}

/** A query for PostgreSQL as Grafana sends it: first the variables, then the macros. */
export function filledSql(sql: string, { from, to, zone, table, services, models, hours }: Chosen): string {
  const values: Readonly<Record<string, string>> = {
    '${table:raw}': table,
    '${zone:sqlstring}': quoted([zone]),
    '${service:sqlstring}': several('service', services),
    '${model:sqlstring}': several('model', models),
    $__interval_ms: String(hours * 3_600_000),
    $__interval: `${hours}h`,
  };
  const withValues = Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(name, value),
    sql,
  );
  const filled = withValues.replace(/\$(__\w+)\(([^)]*)\)/g, (_, macro: string, list: string) => {
    const [column = '', interval] = list.split(',').map((one) => one.trim());
    if (macro === '__timeFilter')
      return `${column} BETWEEN '${from.toISOString()}' AND '${to.toISOString()}'`;
    if (macro !== '__timeGroupAlias' || interval !== `${hours}h`)
      throw new Error(`what is $${macro}(${list})?`);
    const seconds = hours * 3_600;
    return `floor(extract(epoch from ${column})/${seconds})*${seconds} AS "time"`;
  });
  if (filled.includes('$')) throw new Error(`not all is filled in: ${filled}`);
  return filled;
}

/** Grafana formats chosen values, and takes the one that stands for all as it is. */
function several(name: string, chosen: readonly string[] | null): string {
  const { allValue = '' } = VARIABLES.find((variable) => variable.name === name) ?? {};
  return chosen === null ? allValue : quoted(chosen);
}

function quoted(values: readonly string[]): string {
  return values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',');
}
