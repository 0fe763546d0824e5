// Whether an expression changes each time it is evaluated.

/** Functions of PostgreSQL that return another value at each call, even within one statement, or in each transaction. */
const AT_WILL = [
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
/** Functions that return the instant of the transaction: the same within a poll, another one in the next. */
const BY_THE_CLOCK = ['now', 'statement_timestamp', 'transaction_timestamp'];
const CLOCK_WORDS = ['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp'];

/** Whether an expression calls a function whose value nobody can repeat. */
export function changesAtWill(sql: string): boolean {
  return calls(bare(sql), AT_WILL);
}

/** Whether an expression depends on the clock. */
export function looksAtClock(sql: string): boolean {
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
