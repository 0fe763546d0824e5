// JSON in texts that another program writes, as SQL that MySQL and MariaDB know. What is no JSON is NULL, and never a failed read.

/** A value of a JSON text, as text. The path is MySQL's: `$.usage.cost`. */
export function valueMysql(json: string, path: string): string {
  return `NULLIF(JSON_UNQUOTE(JSON_EXTRACT(CASE WHEN JSON_VALID(${json}) THEN ${json} END, '${path}')), 'null')`;
}
