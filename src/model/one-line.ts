// The schema of a short text that stands in one line.

import { z } from 'zod';

/**
 * A text of `least` to `most` characters, without line breaks and control characters. The JSON Schema gets lengths only: the pattern
 * would need \p{…}, which many editors refuse.
 */
export function oneLine({
  least,
  most,
  error,
}: {
  readonly least: number;
  readonly most: number;
  readonly error: string;
}) {
  const isOne = (text: string): boolean => {
    const { length } = [...text];
    return length >= least && length <= most && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
  };
  return z.string().refine(isOne, { error }).meta({ minLength: least, maxLength: most });
}
