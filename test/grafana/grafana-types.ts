import type { Dashboard, FieldConfigSource, Panel, RowPanel } from '@grafana/schema';
import type * as bars from '@grafana/schema/dist/esm/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as lines from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** A type as its JSON: an enum is written as its value, and what has a default may be left out. */
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly Json<Item>[]
      : unknown extends T
        ? T
        : { readonly [K in keyof T]?: Json<T[K]> };

/** A panel with the options of its type, which the schema of a dashboard leaves open. */
interface Of<Type extends string, Options, Custom>
  extends Omit<Json<Panel>, 'type' | 'options' | 'fieldConfig'> {
  readonly type: Type;
  readonly options: Json<Options>;
  readonly fieldConfig: Omit<Json<FieldConfigSource>, 'defaults'> & {
    readonly defaults: Omit<Json<FieldConfigSource['defaults']>, 'custom'> & {
      readonly custom?: Json<Custom>;
    };
  };
}

/** The dashboard as Grafana's own types have it, with the panels that ours uses. */
export interface CheckedDashboard extends Omit<Json<Dashboard>, 'panels'> {
  readonly panels: readonly (
    | (Omit<Json<RowPanel>, 'type'> & { readonly type: 'row' })
    | Of<'stat', stat.Options, object>
    | Of<'timeseries', lines.Options, lines.FieldConfig>
    | Of<'barchart', bars.Options, bars.FieldConfig>
    | Of<'table', table.Options, table.FieldConfig>
  )[];
}
