// Makes a text from outside harmless in a chat that looks for mentions and links in it.

/** Joins words without a gap: it shows nothing, and no chat takes it for a part of a name or an address. */
const JOINER = '\u2060';

/**
 * A text in which a chat finds no mention, link, tag, command or beginning of a block: a word joiner stands where it
 * would look for one. What people read stays the same. Emphasis is up to the caller, as every chat has its own.
 */
export function inert(text: string): string {
  return text
    .replace(/[@#<]/g, (character) => character + JOINER)
    .replace(/:(?=\/\/)/g, `:${JOINER}`)
    .replace(/\{(?=\{)/g, `{${JOINER}`)
    .replace(/\](?=[([])/g, `]${JOINER}`)
    .replace(/\$(?=\p{L})/gu, `$${JOINER}`)
    .replace(/(?<=[\p{L}\p{N}_-])\.(?=\p{L})/gu, `${JOINER}.`)
    .replace(/(?<=^|\s)\/(?=\w)/gm, `/${JOINER}`)
    .replace(/^(?=\s*(?:[>+=|-]|\d+[.)]))/gm, JOINER);
}

/**
 * As `inert`, and without emphasis: characters that make bold, struck or code text become look-alikes, because not every
 * chat that knows Markdown knows how to escape it.
 */
export function inertMarkdown(text: string): string {
  return inert(withoutCode(text))
    .replaceAll('*', '\u2217')
    .replaceAll('~', '\u223c')
    .replaceAll('_', `${JOINER}_${JOINER}`);
}

/** Backticks would begin or end code; a look-alike keeps a name readable. */
export function withoutCode(text: string): string {
  return text.replaceAll('`', '\u02cb');
}
