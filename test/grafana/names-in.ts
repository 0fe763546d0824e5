/** The metrics and the labels that an expression of PromQL names. */
export function namesIn(expr: string): { readonly metrics: string[]; readonly labels: string[] } {
  const plain = expr.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const lists = [...plain.matchAll(LISTS)].map(([, list = '']) => list);
  const labels = [
    ...[...plain.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*""/g)].map(([, label = '']) => label),
    ...lists.flatMap((list) => list.match(/\w+/g) ?? []),
  ];
  const rest = plain.replace(/\{[^}]*\}|\[[^\]]*\]/g, '').replace(LISTS, ' ');
  const words = [...rest.matchAll(/\b[a-zA-Z_:][\w:]*\b(?!\s*\()/g)].map(([word]) => word);
  const metrics = words.filter((word) => !/^(and|or|unless|bool|offset|by|without|on|ignoring)$/.test(word));
  return { metrics: [...new Set(metrics)], labels: [...new Set(labels)] };
}

/** Lists of labels. */
const LISTS = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
