// JSON in texts that another program writes, as SQL of SQLite. What is no JSON is NULL, and never a failed read.

/** A value of a JSON text: a number or a text as such, an object as JSON. The path is SQLite's: `$.usage.cost`. */
export function valueSqlite(json: string, path: string): string {
  return `json_extract(CASE WHEN json_valid(${json}) THEN ${json} END, '${path}')`;
}

/** An HTTP status that says that a call failed. */
export function failedStatusSqlite(value: string): string {
  const status = `CAST(${value} AS INTEGER)`;
  return `CASE WHEN ${status} BETWEEN 100 AND 199 OR ${status} BETWEEN 400 AND 999 THEN ${status} END`;
}
