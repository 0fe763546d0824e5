import { expect, it } from 'vitest';
import { parseMailbox } from '../../src/channels/email/address.ts';
import { redactor } from '../../src/model/redact.ts';

/** So long that a pattern which begins anew at each blank takes minutes, and the test's own limit ends it. */
const BLANKS = ' '.repeat(400_000);

it('a secret that begins with a line break is searched for in a long run of blanks, once', () => {
  const redact = redactor(['\n  planted-secret-1\n']);
  expect(redact(`${BLANKS}planted-secret-1${BLANKS}`)).toBe(`${BLANKS}***${BLANKS}`);
});

it('a sender of which most is blanks is read', () => {
  expect(parseMailbox(`a${BLANKS}b`)).toBeNull();
  expect(parseMailbox(`a${BLANKS}<a@example.com>`)).toEqual({ name: 'a', address: 'a@example.com' });
  expect(parseMailbox(`"a" ${BLANKS}<a@example.com>`)).toEqual({ name: 'a', address: 'a@example.com' });
});
