// Finds other tables that are read as a whole: behind a view, and for each call by an expression.

import { AppError } from '../model/errors.ts';
import type { SqlSession } from '../sql/port.ts';
import { attempt } from './attempt.ts';
import type { Mapping, StoreProblem } from './audit-store.ts';
import type { Sample } from './inspect-sources.ts';
import { probeSql } from './probe-sql.ts';
import { fromTableSql, Parameters, type Statement } from './source-sql.ts';
import { sourcesOf } from './sources.ts';
import { rowTime } from './time-sql.ts';

/** A table smaller than this is read in no time. */
const LARGE_BYTES = 1_000_000;

/** Warns of large tables that PostgreSQL cannot read by an index, each with the statement that creates it. */
export async function planProblems(
  mapping: Mapping,
  kind: string,
  { range, timeType }: Sample,
  session: SqlSession,
): Promise<StoreProblem[]> {
  const problems: StoreProblem[] = [];
  if (kind === 'v') {
    const parameters = new Parameters();
    const within = rowTime(mapping, timeType, parameters).within(range);
    const statement = { text: fromTableSql(mapping, ['1 AS one'], within), values: parameters.values };
    for (const scan of await wholeScans(statement, session)) {
      const problem = await problemOf(
        scan,
        `${mapping.table} is a view, and every poll reads all of`,
        session,
      );
      if (problem !== null) problems.push(problem);
    }
  }
  for (const { name, key, source } of sourcesOf(mapping)) {
    if (typeof source === 'string' || !/\bselect\b/i.test(source.sql)) continue;
    const statement = probeSql(name, [range], mapping, timeType);
    if (statement === null) continue;
    for (const scan of await wholeScans(statement, session)) {
      if (!scan.isForEachRow) continue;
      const problem = await problemOf(scan, `${key}, for each call, reads all of`, session);
      if (problem !== null) problems.push(problem);
    }
  }
  return [...new Map(problems.map((one) => [one.message, one])).values()];
}

/** A node of a plan, as EXPLAIN writes it. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Parent Relationship'?: string;
  readonly 'Relation Name'?: string;
  readonly Schema?: string;
  readonly Alias?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
}

/** A table that is read as a whole for a condition on its rows. */
interface WholeScan {
  readonly schema: string;
  readonly table: string;
  readonly alias: string;
  readonly filter: string;
  /** Whether it is read again for each row of another one. */
  readonly isForEachRow: boolean;
}

/** PostgreSQL is asked for a plan while such scans are discouraged: it then has no index. */
async function wholeScans({ text, values }: Statement, session: SqlSession): Promise<WholeScan[]> {
  try {
    const rows = await attempt(session, async () => {
      await session.query('SET LOCAL enable_seqscan = off');
      return session.query<Record<string, unknown>>(`EXPLAIN (FORMAT JSON, VERBOSE) ${text}`, values);
    });
    const [written] = Object.values(rows[0] ?? {});
    const plan = typeof written === 'string' ? JSON.parse(written) : written;
    return scansIn((plan as readonly { readonly Plan: PlanNode }[])[0]?.Plan, false);
  } catch (error) {
    if (error instanceof AppError && error.code === 'store_unreachable') throw error;
    return [];
  } finally {
    await session.query('SET LOCAL enable_seqscan = on');
  }
}

function scansIn(node: PlanNode | undefined, isForEachRow: boolean): WholeScan[] {
  if (node === undefined) return [];
  const isInner = isForEachRow || node['Parent Relationship'] === 'SubPlan';
  const { 'Relation Name': table, Schema: schema, Alias: alias, Filter: filter } = node;
  const isWhole = node['Node Type'] === 'Seq Scan' && table !== undefined && filter !== undefined;
  return [
    ...(isWhole
      ? [{ schema: schema ?? 'public', table, alias: alias ?? table, filter, isForEachRow: isInner }]
      : []),
    ...(node.Plans ?? []).flatMap((child) => scansIn(child, isInner)),
  ];
}

interface TableSize {
  readonly name: string;
  readonly partitioned: boolean;
  readonly bytes: string;
}

async function problemOf(scan: WholeScan, what: string, session: SqlSession): Promise<StoreProblem | null> {
  const [table] = await session.query<TableSize>(
    `SELECT format('%I.%I', schema.nspname, root.relname) AS name, root.relkind = 'p' AS partitioned,
       COALESCE((SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(root.oid)), pg_relation_size(root.oid))::text AS bytes
     FROM pg_class AS part JOIN pg_namespace AS own ON own.oid = part.relnamespace
     JOIN pg_class AS root ON root.oid = COALESCE(pg_partition_root(part.oid), part.oid)
     JOIN pg_namespace AS schema ON schema.oid = root.relnamespace
     WHERE own.nspname = $1 AND part.relname = $2`,
    [scan.schema, scan.table],
  );
  if (table === undefined || Number(table.bytes) < LARGE_BYTES) return null;
  const on = indexedIn(scan);
  const hint =
    on === null
      ? `Give it an index for this condition: ${scan.filter}`
      : `CREATE INDEX ${table.partitioned ? '' : 'CONCURRENTLY '}ON ${table.name} (${on})`;
  return {
    level: 'warning',
    message: `${what} ${table.name} (${Math.round(Number(table.bytes) / 1e6)} MB).`,
    hint,
  };
}

/** What an index must be on: the side of the first comparison that is of the table. Null where there is none. */
function indexedIn({ filter, alias }: WholeScan): string | null {
  const own = [`${alias}.`, `"${alias.replaceAll('"', '""')}".`];
  for (const condition of splitOutside(bare(filter), / AND /y)) {
    const sides = splitOutside(bare(condition), / (?:=|>=|<=|>|<) /y);
    const side = sides.find((text) => own.some((prefix) => text.includes(prefix)));
    if (sides.length !== 2 || side === undefined) continue;
    const text = bare(own.reduce((left, prefix) => left.replaceAll(prefix, ''), side));
    return /^("[^"]+"|[a-z_][a-z0-9_]*)$/.test(text) ? text : `(${text})`;
  }
  return null;
}

/** A text without brackets around all of it. */
function bare(text: string): string {
  let depth = 0;
  for (let i = 0; text.startsWith('(') && i < text.length; i += 1) {
    if (text[i] === '(') depth += 1;
    if (text[i] === ')') depth -= 1;
    if (depth === 0) return i === text.length - 1 ? bare(text.slice(1, -1)) : text;
  }
  return text;
}

/** The parts between separators that are in no bracket. */
function splitOutside(text: string, separator: RegExp): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '(') depth += 1;
    if (text[i] === ')') depth -= 1;
    separator.lastIndex = i;
    const [found] = depth === 0 ? (separator.exec(text) ?? []) : [];
    if (found === undefined || found === '') continue;
    parts.push(text.slice(from, i));
    from = i + found.length;
    i = from - 1;
  }
  return [...parts, text.slice(from)];
}
