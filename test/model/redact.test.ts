import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactor } from '../../src/model/redact.ts';
import { secretsIn } from '../support/planted-secrets.ts';

const SECRET = 'walrus\' p&ss/w"ö\\rd<#1>😀';

const WRITTEN: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  'in a URL': encodeURIComponent,
  'in a URL of small letters': (secret) =>
    encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  'in a form': (secret) => String(new URLSearchParams({ x: secret })),
  'in JSON': (secret) => JSON.stringify(secret),
  'in JSON that escapes all it can': (secret) =>
    [...secret.split('')]
      .map((unit) => (/\w/.test(unit) ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`))
      .join(''),
  'in JSON with escaped slashes': (secret) => JSON.stringify(secret).replaceAll('/', '\\/'),
  'in HTML': (secret) => secret.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`),
  'in HTML with names': (secret) =>
    secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  'in base64': (secret) => Buffer.from(secret).toString('base64'),
  'in the base64 of a login': (secret) => Buffer.from(`spendwatch:${secret}`).toString('base64'),
  'in the base64 of SMTP': (secret) => Buffer.from(`\0me\0${secret}`).toString('base64'),
  'in the base64 of something between': (secret) => Buffer.from(`ab${secret}cd`).toString('base64url'),
  'in hexadecimal': (secret) => Buffer.from(secret).toString('hex'),
  'with other white space': (secret) => secret.replaceAll(' ', '  \t'),
};

describe('a text from outside', () => {
  it.each(Object.keys(WRITTEN))('shows no secret that it holds %s', (how) => {
    const written = (WRITTEN[how] as (secret: string) => string)(SECRET);
    const clean = redactor([SECRET])(`401 who is "${written}"?`);
    expect(clean).toContain('***');
    expect(clean).toMatch(/^401 who is "/);
    expect(secretsIn(clean, [SECRET])).toEqual([]);
    for (const part of ['walrus', 'd2FscnVz', '77616c72']) expect(clean).not.toContain(part);
  });

  it('shows no secret whatever it is, however it is written', () => {
    fc.assert(
      fc.property(
        fc
          .string({ minLength: 8, maxLength: 60, unit: 'binary' })
          .filter((secret) => secret.trim().length >= 8),
        fc.constantFrom(...Object.values(WRITTEN)),
        (secret, write) => {
          const clean = redactor([secret])(`before ${write(secret)} after`);
          return secretsIn(clean, [secret]).length === 0;
        },
      ),
    );
  });

  it.each(['\v', '\f', '\b', '\u00a0', '\u2028', '\ufeff'])('shows no secret with %j in it', (space) => {
    const secret = `first-half${space}second-half`;
    for (const write of Object.values(WRITTEN)) {
      expect(secretsIn(redactor([secret])(`before ${write(secret)} after`), [secret])).toEqual([]);
    }
  });

  it('keeps its words where a secret is short, and shows the secret nowhere as a word of its own', () => {
    const redact = redactor(['ok', 'a1']);
    expect(redact('look: a token of a1, "ok" and a1b; b2s= says it too')).toBe(
      'look: a token of ***, "***" and a1b; *** says it too',
    );
    expect(redactor(['', ' '])('nothing is blotted out')).toBe('nothing is blotted out');
  });

  it('shows no line of a secret of several lines, also where its line breaks became spaces', () => {
    const redact = redactor(['xoxb-first-line\nsecond-line']);
    expect(redact('"Bearer xoxb-first-line second-line" is no header')).toBe('"Bearer ***" is no header');
    expect(redact('xoxb-first-line')).toBe('***');
    expect(redact('at second-line')).toBe('at ***');
  });

  it('shows no piece of a secret that is very long', () => {
    const secret = Array.from({ length: 6_000 }, (_, i) => i.toString(36)).join('-');
    const clean = redactor([secret])(`so: ${secret.slice(0, 9_000)}`);
    expect(clean.length).toBeLessThan(500);
  });
});
