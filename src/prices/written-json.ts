// Reads JSON with its numbers as they are written.

const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The value of a JSON text, in which every number is the text of it: 1.5e-07 as a double is not what was meant. Throws a SyntaxError. */
export function parseWrittenJson(text: string): unknown {
  JSON.parse(text);
  return JSON.parse(text.replace(TEXT_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${token}"`)));
}
