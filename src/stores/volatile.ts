// Finds whether an expression changes each time it is evaluated.

/** Functions of PostgreSQL whose value differs from call to call or from transaction to transaction. */
const VOLATILE = [
  'clock_timestamp',
  'currval',
  'gen_random_bytes',
  'gen_random_uuid',
  'lastval',
  'nextval',
  'pg_backend_pid',
  'pg_current_xact_id',
  'random',
  'random_normal',
  'setval',
  'timeofday',
  'txid_current',
  'uuidv4',
  'uuidv7',
  'uuid_generate_v1',
  'uuid_generate_v1mc',
  'uuid_generate_v4',
];
/** Functions that return the transaction's start time: constant within a poll, different in the next. */
const BY_THE_CLOCK = ['now', 'statement_timestamp', 'transaction_timestamp'];
const CLOCK_WORDS = ['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp'];

/** Whether an expression calls a function whose value cannot be reproduced. */
export function callsVolatile(sql: string): boolean {
  return calls(bare(sql), VOLATILE);
}

/** Whether an expression depends on the clock. */
export function dependsOnClock(sql: string): boolean {
  const text = bare(sql);
  return calls(text, BY_THE_CLOCK) || new RegExp(`\\b(?:${CLOCK_WORDS.join('|')})\\b`, 'i').test(text);
}

function calls(text: string, names: readonly string[]): boolean {
  return new RegExp(`(?<![\\w$])(?:${names.join('|')})\\s*\\(`, 'i').test(text);
}

/** The code alone, without string literals, quoted names and comments. */
function bare(sql: string): string {
  return sql
    .replace(/\$(\w*)\$[\s\S]*?\$\1\$/g, "''")
    .replace(/'(?:[^']|'')*'/g, "''")
    .replace(/"(?:[^"]|"")*"/g, '""')
    .replace(/--[^\n]*/g, ' ')
    .replace(/\/\*[\s\S]*?\*\//g, ' ');
}
