import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTemplates } from '../../src/templates/open.ts';
import { isTemplate, type JsonObject, type TemplateKind } from '../../src/templates/template.ts';
import { HOSTILE_NAMES } from '../channels/sample-messages.ts';

const templates = await openTemplates();
const VALUES: JsonObject = {
  rule: 'burn',
  value: 312.456789,
  group: { service: 'search' },
  onset: null,
  since: '2026-11-20T02:05:00Z',
  breakdown: { model: [{ key: 'gpt-4.1', value: 300.1 }] },
};

const made = (kind: TemplateKind, text: string, values: JsonObject = VALUES): string =>
  templates.compile(text, kind)(values);
const faults = (text: string, kind: TemplateKind = 'text') =>
  templates.faultsIn(text, kind, [{ what: 'an alert', values: VALUES }]);
const withService = (service: string): JsonObject => ({ ...VALUES, group: { service } });

describe('a template', () => {
  it('is a text with {{ or {% in it', () => {
    expect(['{{ a }}', '{% if a %}', 'x {{'].map(isTemplate)).toEqual([true, true, true]);
    expect(['{ a }', '$5 %}', '$A', ''].map(isTemplate)).toEqual([false, false, false, false]);
  });

  it.each([
    ['{{ rule }}: {{ value | round: 2 }}', 'burn: 312.46'],
    ['{% if value > 100 %}much{% else %}little{% endif %}', 'much'],
    ['{% for part in breakdown.model %}{{ part.key }}{% endfor %}', 'gpt-4.1'],
    ['{% assign dollars = value | floor %}{{ dollars }}', '312'],
    ['{{ since | date: "%H:%M" }} {{ since | date: "%H:%M", "Europe/Berlin" }}', '02:05 03:05'],
    ['{{ onset.at }}|{{ breakdown.user[0].key | default: "unknown" }}', '|unknown'],
    ['{% raw %}{{ rule }}{% endraw %}', '{{ rule }}'],
  ])('%s makes %s', (text, expected) => expect(made('text', text)).toBe(expected));

  it.each([
    ['{{ rul }}', 'nothing is named "rul"', 3],
    ['a\n{{ group.servce }}', 'nothing is named "servce" in group', 11],
    ['{% if false %}{{ never }}{% endif %}', 'nothing is named "never"', 17],
    ['{{ rule | upercase }}', 'no filter is named "upercase"', 0],
    ['{{ rule | raw }}', 'no filter is named "raw"', 0],
    ['{% include "x" %}', 'no tag is named "include"', 0],
    ['{% render "x" %}', 'no tag is named "render"', 0],
    ['{% layout "x" %}', 'no tag is named "layout"', 0],
    ['{% echo rule %}', 'no tag is named "echo"', 0],
    ['{% capture x %}{% endcapture %}', 'no tag is named "capture"', 0],
    ['x {{ rule', 'output "{{ rule" not closed', 2],
    ['{% if rule %}', 'tag {% if rule %} not closed', 0],
    ['{% for p in breakdown.model %}{{ p.kee }}{% endfor %}', 'nothing is named "p.kee"', 33],
    ['{{ group.constructor }}', 'nothing is named "constructor" in group', 9],
    ['{{ constructor.constructor }}', 'nothing is named "constructor"', 3],
    ['{{ rule.length }}', 'nothing is named "length" in rule', 8],
  ])('%s has a fault with its place', (text, message, offset) =>
    expect(faults(text)).toMatchObject([{ message, offset }]),
  );

  it('names all that is unknown at once', () => {
    expect(faults('{{ a }} {{ b }}')).toMatchObject([{ unknown: { name: 'a' } }, { unknown: { name: 'b' } }]);
  });

  it.each([
    ['{% for i in (1..100000000) %}x{% endfor %}', 'it makes too much'],
    [`${'{% for i in (1..500) %}'.repeat(4)}x${'{% endfor %}'.repeat(4)}`, 'it takes longer than 100 ms'],
    [
      `{% assign a = "x" %}${'{% assign a = a | append: a | append: a %}'.repeat(40)}{{ a }}`,
      'it makes too much',
    ],
    ['x'.repeat(20_001), 'it is longer than 20000 characters'],
  ])('without an end is stopped: %#', (text, message) => {
    expect(faults(text)).toMatchObject([{ message }]);
  });

  it('makes the same of the same', () => {
    const fill = templates.compile('{% assign n = value | plus: 1 %}{{ n }} {{ rule }}', 'text');
    expect(fill(VALUES)).toBe(fill(VALUES));
  });
});

describe('a value in a message', () => {
  it.each(HOSTILE_NAMES)('stays in its line: %j', (name) => {
    const text = made('text', 'on {{ group.service }}!', withService(name));
    expect(text).toMatch(/^on .*!$/);
    expect(text).not.toMatch(/[\p{Cc}\u202e\u2066]/u);
  });
});

describe('a value in a link', () => {
  it('is percent-encoded, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
        const url = made('url', 'https://example.com/d?s={{ group.service }}&x=1', withService(name));
        expect(url).toMatch(/^https:\/\/example\.com\/d\?s=[\w\-.~%]*&x=1$/);
        const { searchParams } = new URL(url);
        expect(searchParams.get('s')).toBe(name.replace(/\p{Surrogate}/gu, '\ufffd'));
      }),
    );
  });
});

describe('a value in a body', () => {
  it('is itself again after JSON.parse, in and outside quotes, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (name, any) => {
        const body = made('json', '{"a":"<{{ group.service }}>","b":{{ group.service }},"c":{{ any }}}', {
          ...withService(name),
          any: any as JsonObject,
        });
        expect(JSON.parse(body)).toEqual({ a: `<${name}>`, b: name, c: JSON.parse(JSON.stringify(any)) });
      }),
    );
  });

  it('can stand behind an escaped quote, but not behind a backslash', () => {
    const values = withService('", "admin": true, "x": "');
    expect(JSON.parse(made('json', '{"a": "\\"{{ group.service }}\\""}', values))).toEqual({
      a: `"${values.group && '", "admin": true, "x": "'}"`,
    });
    expect(() => made('json', '{"a": "\\{{ group.service }}"}', values)).toThrow(
      'a backslash stands before a value',
    );
  });

  it('is null where nothing is known, and an object as its text within quotes', () => {
    expect(JSON.parse(made('json', '{"a": {{ onset }}, "b": "{{ onset }}", "c": "{{ group }}"}'))).toEqual({
      a: null,
      b: '',
      c: '{"service":"search"}',
    });
  });

  it.each(['{"a": {{ rule }}', '{"a": "x" {{ rule }} }', '{{ rule }} {{ rule }}'])(
    'that makes no JSON is a fault: %s',
    (text) => expect(faults(text, 'json')).toMatchObject([{ message: 'it makes no JSON of an alert' }]),
  );

  it('cannot be forged by a control character of the template', () => {
    expect(faults('{"a": "\u0000"}', 'json')).toMatchObject([{ message: 'it holds a control character' }]);
  });
});
