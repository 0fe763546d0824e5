// Texts for the faults that the YAML parser finds.

import { type Document, type ErrorCode, isCollection, isScalar, type Node, visit } from 'yaml';

interface Words {
  readonly message: string;
  readonly hint: string | null;
}

/** A syntax error, at an offset in the text. */
export interface SyntaxFault extends Words {
  readonly offset: number;
}

/** A fault as the parser reports it. */
interface ParserFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** Texts for the faults that people make. */
const KNOWN: Partial<Record<ErrorCode, Words>> = {
  BAD_INDENT: {
    message: 'the indentation does not fit',
    hint: 'align it with the lines above; is a bracket before it not closed?',
  },
  MISSING_CHAR: {
    message: 'the indentation does not fit',
    hint: 'align it with the lines above; is a dash or a colon missing?',
  },
  BAD_SCALAR_START: {
    message: 'a plain value cannot begin with this character',
    hint: 'put quotes around the value',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a mapping cannot begin within a line',
    hint: 'quote a value that contains ": ", or indent it below its key',
  },
  BLOCK_IN_FLOW: {
    message: 'a comma is missing between brackets',
    hint: 'put commas between the entries, and quotes around a value that contains ": "',
  },
  TAG_RESOLVE_FAILED: { message: 'this tag is not known', hint: 'quote a value that begins with !' },
  BAD_DQ_ESCAPE: {
    message: 'this escape is not known in a double-quoted text',
    hint: 'use single quotes, or double the backslash',
  },
  UNEXPECTED_TOKEN: { message: 'this does not fit here', hint: 'check quotes, brackets and indentation' },
};

const QUOTES = 'put quotes around the value';

/** A template of another tool, or a variable as another tool writes it. */
export const BRACES: Words = {
  message: 'an unquoted {{ begins a mapping',
  hint: `put quotes around the value; a variable of the environment is written \${NAME}`,
};

/**
 * The fault to report for a text that is not valid YAML: the parser's first one, because the others mostly follow from it. Its
 * message quotes nothing of the file, which may hold a secret.
 */
export function syntaxFault(
  text: string,
  faults: readonly ParserFault[],
  document: Document.Parsed,
): SyntaxFault | null {
  const first = [...faults].sort((a, b) => a.pos[0] - b.pos[0])[0];
  if (first === undefined) return null;
  const offset = first.pos[0];
  return (
    tabFault(text, offset) ??
    unclosedFault(text, first, document) ??
    indicatorFault(text, first) ??
    lineFault(text, first) ?? { offset, ...wordsOf(first) }
  );
}

/** For a rare code, the parser's own message, cut before any text of the file that it quotes. */
function wordsOf({ code, message }: ParserFault): Words {
  return KNOWN[code] ?? { message: message.replace(/[:"'`].*$/s, '').trim(), hint: null };
}

function tabFault(text: string, offset: number): SyntaxFault | null {
  const { start, line } = lineAt(text, offset);
  const tab = /^\s*?(?=\t)/.exec(line);
  if (tab === null) return null;
  return {
    offset: start + tab[0].length,
    message: 'a tab is used as indentation',
    hint: 'indent with spaces',
  };
}

/** For a bracket or quote that is not closed: the fault is where it begins, not where the text ends. */
function unclosedFault(text: string, fault: ParserFault, document: Document.Parsed): SyntaxFault | null {
  if (!/^(Flow |Missing closing)/.test(fault.message)) return null;
  let offset = -1;
  visit(document, {
    Node: (_, node) => {
      if (mayBeOpen(node) && node.range?.[1] === fault.pos[0]) offset = Math.max(offset, node.range[0]);
    },
  });
  if (offset < 0) return null;
  const inside = text.slice(offset, fault.pos[0]);
  const comment = /^[^"'\n]*?[\s,[{](?=#)/.exec(inside);
  if (comment !== null && !/^["']/.test(inside)) {
    const message = 'an unquoted # begins a comment, so that the bracket before it is not closed';
    return { offset: offset + comment[0].length, message, hint: QUOTES };
  }
  return { offset, message: `the ${text[offset]} that begins here is not closed`, hint: null };
}

function mayBeOpen(node: Node): boolean {
  return isCollection(node) ? node.flow === true : isScalar(node) && /^QUOTE/.test(node.type ?? '');
}

/** A value that begins with a character that means something else to YAML. */
function indicatorFault(text: string, { code, message, pos }: ParserFault): SyntaxFault | null {
  const { start, line } = lineAt(text, pos[0]);
  const found = /(?<=[:,[{-][ \t]+)[*>|]/.exec(line);
  if (found === null || start + found.index > pos[0]) return null;
  const offset = start + found.index;
  if (found[0] === '*' && ['BAD_ALIAS', 'UNEXPECTED_TOKEN'].includes(code)) {
    return { offset, message: 'an unquoted * begins an alias', hint: QUOTES };
  }
  if (found[0] === '*' || !/block scalar/i.test(message)) return null;
  return { offset, message: `an unquoted ${found[0]} begins a text of several lines`, hint: QUOTES };
}

/** A line that is not `key: value`, is indented too deeply, or goes on after its value. */
function lineFault(text: string, { code, message, pos }: ParserFault): SyntaxFault | null {
  const [offset] = pos;
  const { start, line } = lineAt(text, offset);
  const rest = line.slice(offset - start);
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && !/:(\s|$)/.test(rest)) {
    const next = start + line.length + 1;
    const indent = /^ */.exec(text.slice(next))?.[0].length ?? 0;
    const words = { message: 'the indentation does not fit', hint: 'align it with the lines above' };
    return { offset: next + indent, ...words };
  }
  if (code === 'MULTILINE_IMPLICIT_KEY' || message.startsWith('Implicit map keys')) {
    const isGlued = /^\s*(- +)?[\w-]+:\S/.test(line);
    const hint = isGlued ? 'put a space after the colon' : 'write a key, a colon, a space and the value';
    return { offset, message: 'this line is not `key: value`', hint };
  }
  return afterFault(text, code, offset);
}

/** A value that goes on after its quotes, brackets or braces. */
function afterFault(text: string, code: ErrorCode, offset: number): SyntaxFault | null {
  const { start, line } = lineAt(text, offset);
  const before = line.slice(0, offset - start);
  const opened = /(?<=[:-][ \t]+)(?:\{\{|[{[]).*[}\]]\s*$/.exec(before);
  if (code === 'UNEXPECTED_TOKEN' && opened !== null) {
    const isList = opened[0].startsWith('[');
    const message = `an unquoted ${isList ? '[ begins a list' : '{ begins a mapping'}`;
    const words = opened[0].startsWith('{{') ? BRACES : { message, hint: QUOTES };
    return { offset: start + opened.index, ...words };
  }
  const isAfterQuotes = code === 'UNEXPECTED_TOKEN' && /["']\s*$/.test(before);
  if (!isAfterQuotes) return null;
  return { offset, message: 'the value goes on after its quotes', hint: 'put all of it within them' };
}

function lineAt(text: string, offset: number): { readonly start: number; readonly line: string } {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', start);
  return { start, line: text.slice(start, end < 0 ? undefined : end) };
}
