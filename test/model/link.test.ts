import { describe, expect, it } from 'vitest';
import { linkFault, linkUrl } from '../../src/model/link.ts';

describe('a link', () => {
  it.each([
    'https://wiki.example.com/a b',
    'https://kibana.example.com/app#/discover?_g=(time:1)',
    'http://localhost:3000',
    'https://[::1]/x',
  ])('may be %s', (text) => {
    expect(linkFault(text)).toBeNull();
    expect(linkUrl(text)).toBe(new URL(text).href);
  });

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'ftp://example.com/',
    '//example.com/x',
    'wiki/page',
    'https://anna:secret@example.com/',
    'https://example.com\\@evil.example/',
    'https://',
    `https://example.com/${'x'.repeat(2000)}`,
  ])('may not be %s', (text) => {
    expect(linkUrl(text)).toBeNull();
    expect(linkFault(text)?.message).toBe('not a link');
  });

  it.each(['https://{{ group.service }}/x', 'https://example.com{{ x }}', '{{ runbook }}'])(
    'may not get its host from a template: %s',
    (text) => expect(linkFault(text)).not.toBeNull(),
  );

  it.each(['https://example.com/{{ group.service }}', 'https://example.com?x={% if a %}1{% endif %}'])(
    'may be a template after its host: %s',
    (text) => expect(linkFault(text)).toBeNull(),
  );
});
