// The table of One API.

import type { Preset } from './preset.ts';

/** Only charges (2) are calls: 5 is a test of a channel, and failed calls are not recorded. 500,000 units of quota are a dollar. */
export const ONEAPI: Preset = {
  mapping: {
    table: 'logs',
    columns: {
      time: 'created_at',
      cost: { sql: 'quota / 500000.0' },
      service: { sql: `NULLIF(token_name, '')` },
      model: { sql: `NULLIF(model_name, '')` },
      user: { sql: `NULLIF(username, '')` },
      input_tokens: 'prompt_tokens',
      output_tokens: 'completion_tokens',
      status: { sql: '200' },
      latency_ms: { sql: 'NULLIF(elapsed_time, 0)' },
      id: 'id',
    },
    dimensions: { channel: 'channel_id' },
    where: [{ column: 'type', values: { in: ['2'] } }],
    timeKind: { unit: 's' },
    optional: { elapsed_time: 'bigint' },
  },
  // In MySQL a division would keep four places.
  engines: { mysql: { columns: { cost: { sql: 'quota * 0.000002' } } }, sqlite: {} },
  written: {},
  filled: {},
  own: null,
};
