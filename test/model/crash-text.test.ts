import { describe, expect, it } from 'vitest';
import { crashText } from '../../src/model/crash-text.ts';
import { AppError } from '../../src/model/errors.ts';

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('an uncaught error', () => {
  it('is described by its kind and its place, without its message and properties', () => {
    const fault = thrownBy(() => new URL('//user:walrus@host'));
    expect(String((fault as { input?: unknown }).input)).toContain('walrus');
    expect(crashText(fault)).toMatch(
      /^a fault of the program ended it: TypeError ERR_INVALID_URL at [\w.-]+:\d+:\d+$/,
    );
  });

  it("is described by its message where it is the program's own, which holds no secret", () => {
    const cause = new Error('walrus');
    expect(crashText(new AppError('store_unreachable', 'The store is away.', { cause }))).toBe(
      'The store is away.',
    );
  });

  it.each([
    ['a text', 'walrus', 'string'],
    ['nothing', undefined, 'undefined'],
    [
      'words that look like a frame',
      new Error('no\n    at walrus (walrus.js:1:2)'),
      'Error at crash-text.test.ts:',
    ],
    ['a name and a code that say more than they should', named('a walrus', '//walrus'), ''],
    ['an error without a stack', Object.assign(new Error('walrus'), { stack: undefined }), 'Error'],
  ])('is described safely where it is %s', (_, fault, told) => {
    expect(crashText(fault)).toContain(`a fault of the program ended it: ${told}`);
    expect(crashText(fault)).not.toContain('walrus');
  });
});

function named(name: string, code: string): Error {
  return Object.assign(new Error('walrus'), { name, code });
}
