// The table of Langfuse 4, in ClickHouse.

import { CALLS, LANGFUSE_COLUMNS, SUM_OF_PARTS } from './langfuse-sql.ts';
import type { Preset } from './preset.ts';

/** A copy of events_full without long texts. The alias total_cost is 0 where there is no total, so the map is asked. */
export const LANGFUSE4: Preset = {
  onlyIn: 'clickhouse',
  requires: ['project_id'],
  mapping: {
    table: 'events_core',
    columns: {
      ...LANGFUSE_COLUMNS,
      time: 'start_time',
      cost: { sql: `if(mapContains(cost_details, 'total'), cost_details['total'], ${SUM_OF_PARTS})` },
      service: { sql: `coalesce(nullIf(service_name, ''), nullIf(trace_name, ''))` },
      user: { sql: `nullIf(user_id, '')` },
      session: { sql: `nullIf(session_id, '')` },
    },
    dimensions: { project: 'project_id', environment: 'environment' },
    where: [CALLS],
    timeKind: null,
  },
  written: {},
  filled: {},
  own: null,
};
