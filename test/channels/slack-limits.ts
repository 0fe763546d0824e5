/** As much of a block as Slack's limits speak of. */
export interface SlackBlock {
  readonly type: string;
  readonly text?: { readonly text: string };
  readonly fields?: readonly { readonly text: string }[];
  readonly elements?: readonly { readonly text: string }[];
}

/** What Slack would refuse a message for; empty for a good one. Source: docs.slack.dev, reference of Block Kit. */
export function faultsForSlack(blocks: readonly SlackBlock[]): string[] {
  const over = (what: string, size: number, limit: number): string[] =>
    size > limit || size === 0 ? [`${what}: ${size}`] : [];
  return [
    ...over('blocks', blocks.length, 50),
    ...blocks.flatMap(({ type, text, fields, elements }) => [
      ...(text === undefined ? [] : over(type, text.text.length, type === 'header' ? 150 : 3_000)),
      ...(fields === undefined ? [] : over('fields', fields.length, 10)),
      ...(fields ?? []).flatMap((field) => over('field', field.text.length, 2_000)),
      ...(elements === undefined ? [] : over('elements', elements.length, 10)),
    ]),
  ];
}
