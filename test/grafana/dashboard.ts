import { readFileSync } from 'node:fs';

/** A query of a panel: `expr` of Prometheus, `rawSql` of PostgreSQL. */
export interface Target {
  readonly refId: string;
  readonly datasource: Datasource;
  readonly expr?: string;
  readonly rawSql?: string;
  readonly format?: string;
  readonly legendFormat?: string;
}

export interface Datasource {
  readonly type: string;
  readonly uid: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: Datasource;
  readonly interval?: string;
  readonly targets?: readonly Target[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly datasource?: Datasource;
  readonly allValue?: string;
  readonly refresh?: number;
}

interface Dashboard {
  readonly id: null;
  readonly uid: string;
  readonly schemaVersion: number;
  readonly refresh: string;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
}

export const TEXT = readFileSync(new URL('../../grafana/spendwatch.json', import.meta.url), 'utf8');
export const DASHBOARD = JSON.parse(TEXT) as Dashboard;
export const VARIABLES = DASHBOARD.templating.list;
export const QUERIES = DASHBOARD.panels.flatMap((panel) =>
  (panel.targets ?? []).map((target) => ({ ...target, title: panel.title })),
);

/** Every expression for Prometheus, with the panel or variable that has it and the variables as Grafana would fill them in. */
export const EXPRESSIONS: readonly { readonly title: string; readonly expr: string }[] = [
  ...QUERIES.flatMap(({ title, expr }) => (expr === undefined ? [] : [{ title, expr: filledIn(expr) }])),
  ...VARIABLES.flatMap(({ name, query }) => {
    const [, selector] =
      typeof query === 'string' ? [] : (/^label_values\((.*), \w+\)$/.exec(query.query) ?? []);
    return selector === undefined ? [] : [{ title: `variable ${name}`, expr: filledIn(selector) }];
  }),
];

function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.*').replaceAll('$rule', 'burn');
}
