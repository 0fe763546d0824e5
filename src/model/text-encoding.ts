// Detects UTF-16 and other bytes that are not UTF-8.

import { isUtf8 } from 'node:buffer';

/** Why bytes are not UTF-8 text, in which line, and what to do. */
export interface EncodingFault {
  readonly line: number;
  readonly message: string;
  readonly hint: string;
}

const LINE_FEED = 0x0a;

/** The fault of bytes that are not UTF-8, or null; `before` is how many lines of the file came before them. */
export function encodingFault(bytes: Buffer, before = 0): EncodingFault | null {
  if (before === 0 && isUtf16(bytes)) {
    return { line: 1, message: 'the file is UTF-16 text', hint: 'save it as UTF-8' };
  }
  if (isUtf8(bytes)) return null;
  const line = before + 1 + bytes.subarray(0, validBytes(bytes)).filter((byte) => byte === LINE_FEED).length;
  return {
    line,
    message: `line ${line} is not UTF-8 text`,
    hint: 'the file has another encoding: save it as UTF-8, or convert it: iconv -f GBK -t UTF-8',
  };
}

/** UTF-16 is recognised by its byte order mark, or by a NUL beside a letter at the beginning. */
function isUtf16(bytes: Buffer): boolean {
  const [a, b] = bytes;
  if (a === undefined || b === undefined) return false;
  return (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || (a === 0) !== (b === 0);
}

/** The length of the beginning that consists of whole lines of valid UTF-8. */
function validBytes(bytes: Buffer): number {
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) return start;
    start = end + 1;
  }
}
