// The table of Langfuse 3, in ClickHouse.

import { CALLS, LANGFUSE_COLUMNS, SUM_OF_PARTS } from './langfuse-sql.ts';
import type { Preset } from './preset.ts';

/** Generations are calls. They are written before they end: tokens and cost come with a later version of the row. */
export const LANGFUSE3: Preset = {
  onlyIn: 'clickhouse',
  requires: ['project_id'],
  mapping: {
    table: 'observations',
    columns: {
      ...LANGFUSE_COLUMNS,
      time: 'start_time',
      cost: { sql: `coalesce(total_cost, ${SUM_OF_PARTS})` },
      service: 'environment',
    },
    dimensions: { project: 'project_id' },
    where: [CALLS],
    timeKind: null,
    optional: { environment: 'String' },
  },
  written: {},
  filled: {},
  own: null,
};
