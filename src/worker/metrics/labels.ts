// Dimensions and their values as Prometheus labels.

/** Label names that have another meaning for Prometheus or for spendwatch. */
const TAKEN = ['rule', 'le', 'quantile'];

/** A dimension as a label name, in snake_case like all label names. */
export function labelOf(dimension: string): string {
  const name = dimension
    .replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before}_${after.toLowerCase()}`)
    .replace(/[^a-zA-Z0-9_]/g, '_');
  return TAKEN.includes(name) || /^\d|^__/.test(name) ? `dimension_${name}` : name;
}

/** Characters that many scrapers take for the end of a line or cannot show. A line break is not one: it has an escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNESCAPED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A value that scrapers can read and people can see. */
export function labelValue(value: string): string {
  return value.replace(UNESCAPED, (character) =>
    character < ' ' ? String.fromCharCode(0x2400 + character.charCodeAt(0)) : '\ufffd',
  );
}
