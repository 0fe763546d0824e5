// Values of the SQL port as JSON, and back.

/** What JSON has no form for, as a pair: `d` a Date, `b` bytes, `n` a number, `i` a bigint, `l` a list, `j` other JSON. */
type Tagged = readonly ['d' | 'b' | 'n' | 'i' | 'l' | 'j', unknown];

/** A value of a row or a parameter as JSON. */
export function encoded(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : tagged('n', String(value));
  if (typeof value === 'bigint') return tagged('i', String(value));
  if (value instanceof Date) return tagged('d', value.getTime());
  if (value instanceof Uint8Array) return tagged('b', Buffer.from(value).toString('base64'));
  if (Array.isArray(value)) return tagged('l', value.map(encoded));
  return tagged('j', value);
}

/** What `encoded` was given. */
export function decoded(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [kind, content] = value as unknown as Tagged;
  switch (kind) {
    case 'd':
      return new Date(content as number);
    case 'b':
      return new Uint8Array(Buffer.from(content as string, 'base64'));
    case 'n':
      return Number(content);
    case 'i':
      return BigInt(content as string);
    case 'l':
      return (content as unknown[]).map(decoded);
    case 'j':
      return content;
  }
}

/** Rows as JSON, with each column named once. */
export interface WireRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export function encodedRows(rows: readonly object[]): WireRows {
  const columns = Object.keys(rows[0] ?? {});
  return { columns, rows: rows.map((row) => columns.map((name) => encoded(row[name as keyof typeof row]))) };
}

export function decodedRows<Row>({ columns, rows }: WireRows): Row[] {
  return rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, decoded(row[i])])) as Row);
}

function tagged(kind: Tagged[0], content: unknown): Tagged {
  return [kind, content];
}
