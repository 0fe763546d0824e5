import type { Silence } from '../../src/model/rule.ts';

/** A silence of some groups from one instant until another one. */
export function silenced(from: number, until: number, parts: Partial<Silence> = {}): Silence {
  return { rule: null, incident: null, match: {}, times: { from, until }, reason: 'load test', ...parts };
}
