// Numbers in texts and JSON that another program writes, as SQL. What is no number is NULL, and never a failed read.

/** A text as a whole number of at most 15 digits. */
export function wholeSql(text: string): string {
  return `CASE WHEN ${text} ~ '^[0-9]{1,15}$' THEN (${text})::bigint END`;
}

/** A text as an exact decimal, which JSON may write with an exponent. */
export function decimalSql(text: string): string {
  return `CASE WHEN ${text} ~ '^-?[0-9]{1,15}([.][0-9]{1,40})?([eE][-+]?[0-9]{1,2})?$' THEN (${text})::numeric END`;
}

/** A column of text that holds a JSON object or nothing, as jsonb. */
export function objectSql(column: string): string {
  return `(CASE WHEN ${column} LIKE '{%}' THEN ${column}::jsonb END)`;
}
