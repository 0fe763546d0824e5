// ClickHouse's types, as far as they decide how a value is read.

/** What a column or expression gives. */
export type ValueType =
  | { readonly kind: 'text' | 'boolean' | 'float32' | 'float64' | 'integer' | 'large' | 'date' | 'null' }
  | { readonly kind: 'decimal'; readonly digits: number; readonly places: number }
  | { readonly kind: 'time'; readonly places: number }
  | { readonly kind: 'other'; readonly name: string };

/** Types that stand around another one, which is read the same way. */
const AROUND = /^(?:Nullable|LowCardinality)\((.*)\)$|^SimpleAggregateFunction\([^,]+, (.*)\)$/;
const DECIMAL = /^Decimal\((\d+), (\d+)\)$/;
const TIME = /^DateTime(?:64\((\d+)(?:, '[^']*')?\)|\('[^']*'\))?$/;

const PLAIN: Readonly<Record<string, 'text' | 'boolean' | 'float32' | 'float64' | 'date' | 'null'>> = {
  String: 'text',
  Bool: 'boolean',
  Float32: 'float32',
  Float64: 'float64',
  Date: 'date',
  Date32: 'date',
  Nothing: 'null',
};

/** A type by its name, such as `Nullable(Decimal(18, 12))`. */
export function valueType(name: string): ValueType {
  const [, inner, aggregated] = AROUND.exec(name) ?? [];
  const within = inner ?? aggregated;
  if (within !== undefined) return valueType(within);
  const plain = PLAIN[name];
  if (plain !== undefined) return { kind: plain };
  if (/^U?Int(8|16|32|64)$/.test(name)) return { kind: 'integer' };
  if (/^U?Int(128|256)$/.test(name)) return { kind: 'large' };
  if (/^(FixedString|Enum(8|16)|UUID|IPv4|IPv6)\b/.test(name)) return { kind: 'text' };
  const [, digits, places] = DECIMAL.exec(name) ?? [];
  if (digits !== undefined) return { kind: 'decimal', digits: Number(digits), places: Number(places) };
  const time = TIME.exec(name);
  if (time !== null) return { kind: 'time', places: Number(time[1] ?? 0) };
  return { kind: 'other', name };
}
