// Currencies by ISO 4217: their signs and digits.

const KNOWN: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** The unit of costs where a file names none. */
export const DEFAULT_CURRENCY = 'USD';

export function isCurrency(code: string): boolean {
  return KNOWN.has(code);
}

/** What stands before an amount: `$`, `CN¥` (`¥` alone is the yen), or a code with a space, `KWD `. */
export function currencySign(code: string): string {
  return formOf(code).sign;
}

/** The digits after the point of an amount: 2 of a dollar, none of a yen, 3 of a dinar. */
export function currencyDigits(code: string): number {
  return formOf(code).digits;
}

interface Form {
  readonly sign: string;
  readonly digits: number;
}

/** Making a format takes long, and a replay shows many amounts. */
const FORMS = new Map<string, Form>();

function formOf(code: string): Form {
  const known = FORMS.get(code);
  if (known !== undefined) return known;
  const format = new Intl.NumberFormat('en-US', { style: 'currency', currency: code });
  const sign = format.formatToParts(0).find(({ type }) => type === 'currency')?.value ?? code;
  const { maximumFractionDigits: digits = 2 } = format.resolvedOptions();
  const form = { sign: /[a-z]$/i.test(sign) ? `${sign} ` : sign, digits };
  FORMS.set(code, form);
  return form;
}
