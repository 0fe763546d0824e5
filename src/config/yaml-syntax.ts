import type { ErrorCode } from 'yaml';

interface SyntaxMessage {
  readonly message: string;
  readonly hint: string | null;
}

/** The parser's faults that people meet, in their words. */
const KNOWN: Partial<Record<ErrorCode, SyntaxMessage>> = {
  TAB_AS_INDENT: { message: 'a tab is used as indentation', hint: 'indent with spaces' },
  BAD_INDENT: {
    message: 'the indentation does not fit',
    hint: 'align it with the lines above; is a bracket before it not closed?',
  },
  MISSING_CHAR: {
    message: 'something is not closed',
    hint: 'look for a missing quote, bracket, comma or colon',
  },
  BAD_SCALAR_START: {
    message: 'a plain value cannot begin with this character',
    hint: 'put quotes around the value',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a mapping cannot begin within a line',
    hint: 'quote a value that contains ": ", or indent it below its key',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a key must fit on one line',
    hint: 'is a colon missing, or the indentation wrong?',
  },
  TAG_RESOLVE_FAILED: { message: 'this tag is not known', hint: 'quote a value that begins with !' },
  BAD_DQ_ESCAPE: {
    message: 'this escape is not known in a double-quoted text',
    hint: 'use single quotes, or double the backslash',
  },
  UNEXPECTED_TOKEN: { message: 'this does not fit here', hint: 'check quotes, brackets and indentation' },
};

/**
 * What to tell of a syntax fault. The parser's own words serve for rare codes, cut before any text of the file
 * that they quote: it may be a secret.
 */
export function syntaxMessage(code: ErrorCode, parserMessage: string): SyntaxMessage {
  return KNOWN[code] ?? { message: parserMessage.replace(/[:"'`].*$/s, '').trim(), hint: null };
}
