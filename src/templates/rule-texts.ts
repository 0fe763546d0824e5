// Fills in the texts of a rule's author for an alert.

import { cutText } from '../model/display-text.ts';
import { jsonText } from '../model/json.ts';
import { linkUrl } from '../model/link.ts';
import type { Rule } from '../model/rule.ts';
import type { RuleTexts } from '../model/rule-texts.ts';
import { jsonValues } from './json-values.ts';
import { type Fill, isTemplate, TemplateError, type TemplateKind, type Templates } from './template.ts';

/** Whether a rule has texts that must be filled in. */
export function hasTemplates({ message, links }: RuleTexts): boolean {
  return [message ?? '', ...Object.values(links)].some(isTemplate);
}

/**
 * The rule with `fill`, where it has templates; `installation` is their `name`. A text that cannot be filled in stays as it is
 * written, with a note; such a link is left out, and the note says so.
 */
export function withFill(rule: Rule, templates: Templates, installation: string | null): Rule {
  if (!hasTemplates(rule)) return rule;
  const message = rule.message === null ? null : compiled(templates, rule.message, 'text');
  const links = Object.entries(rule.links).map(
    ([label, text]) => [label, compiled(templates, text, 'url')] as const,
  );
  return {
    ...rule,
    fill(fields): RuleTexts {
      const values = jsonValues(jsonText({ ...fields, name: installation }));
      const notes: string[] = [];
      const made = links.flatMap(([label, fill]) => {
        const url = orNote(() => linkOf(fill(values)));
        if (!('note' in url)) return [[label, url.text] as const];
        notes.push(`(The link ${label} is missing: ${url.note}.)`);
        return [];
      });
      const text = message && orNote(() => message(values));
      if (text !== null && 'note' in text) notes.push(`(This text could not be filled in: ${text.note}.)`);
      const shown = text === null ? [] : ['note' in text ? (rule.message ?? '') : text.text];
      const lines = [...shown, ...notes];
      return { message: lines.length === 0 ? null : lines.join('\n'), links: Object.fromEntries(made) };
    },
  };
}

const LONGEST = 2000;

function compiled(templates: Templates, text: string, kind: TemplateKind): Fill {
  return isTemplate(text) ? templates.compile(text, kind) : () => text;
}

function linkOf(text: string): string {
  const url = linkUrl(text);
  if (url === null) throw new TemplateError('it is not an http(s) URL of at most 2,000 characters');
  return url;
}

function orNote(work: () => string): { readonly text: string } | { readonly note: string } {
  try {
    return { text: cutText(work().trim(), LONGEST) };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return { note: error.message };
  }
}
