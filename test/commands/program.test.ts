import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { Io } from '../../src/commands/io.ts';
import { createProgram } from '../../src/commands/program.ts';

function commandsOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(commandsOf)];
}

const commands = commandsOf(createProgram({ env: {} } as Io, '1.0.0', () => undefined));

describe('the help', () => {
  it.each(commands.map((command) => [command.name(), command] as const))(
    'of %s has defaults as they are written, each once',
    (_, command) => {
      const helper = command.createHelp();
      for (const option of helper.visibleOptions(command)) {
        const text = helper.optionDescription(option);
        expect(text.match(/\(default: [^)]*\)/g) ?? []).not.toContainEqual(
          expect.stringMatching(/\d{4}|\[\]|false/),
        );
        expect(text.split('default: ').length).toBeLessThanOrEqual(2);
      }
    },
  );
});
