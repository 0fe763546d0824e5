// Reads mail addresses and names as people write them, for mail servers.

import { domainToASCII } from 'node:url';

/** A sender: the address as the envelope carries it, and the name that people see, which may be empty. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

const LOCAL = String.raw`[^\s\p{Cc}@<>()\[\],;:"\\]+`;
const ADDRESS = new RegExp(`^(${LOCAL})@(${LOCAL})$`, 'u');
/** `"Any text" <address>`, with or without the quotes. The mail library adds quotes where they are needed. */
const NAMED = /^(?:"((?:[^"\\]|\\.)*)"\s*|([^"<>]*))<([^<>]*)>$/u;
const LINE_BREAK = /[\p{Cc}\u2028\u2029]/u;

/** `oncall@bücher.example` with its domain in ASCII, as servers expect it; null when it is not an address. */
export function parseAddress(text: string): string | null {
  const [, local, domain] = ADDRESS.exec(text) ?? [];
  if (local === undefined || domain === undefined) return null;
  const ascii = asciiDomain(domain);
  return ascii === '' ? null : `${local}@${ascii}`;
}

/** `name@example.com` or `Name <name@example.com>`; null when it is neither. */
export function parseMailbox(text: string): Mailbox | null {
  if (LINE_BREAK.test(text)) return null;
  const [, quoted, plain = '', bracketed] = NAMED.exec(text.trim()) ?? [];
  const address = parseAddress(bracketed ?? text);
  if (address === null) return null;
  return { name: (quoted?.replace(/\\(.)/gu, '$1') ?? plain).trim(), address };
}

/** The ASCII form (punycode) of a domain; empty when it has none. */
export function asciiDomain(domain: string): string {
  return isAscii(domain) ? domain : domainToASCII(domain);
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** Whether every mail server accepts the address. Others need a server that offers SMTPUTF8. */
export function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** The same key for all ways to write an address, so that a recipient who accepted a mail does not get it again. */
export function addressKey(address: string): string {
  return (parseAddress(address) ?? address).toLowerCase();
}

/** Each address once, as it was written first. */
export function uniqueAddresses(addresses: readonly string[]): string[] {
  const seen = new Set<string>();
  return addresses.filter((one) => !seen.has(addressKey(one)) && seen.add(addressKey(one)));
}
