// The commander program: every command with its options.

import { Command, Help, type Option } from 'commander';
import type { Io } from './io.ts';
import { COMMANDS } from './register/index.ts';

/** `finish` gets the exit code of the command that was called. */
export function createProgram(io: Io, version: string, finish: (code: number) => void): Command {
  const root = new Command('spendwatch')
    .description('Watches what a company spends on AI APIs, and alerts people when something is wrong.')
    .version(version)
    .showHelpAfterError('(add --help for the options)')
    .configureHelp({ optionDescription })
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    });
  const command = (name: string, description: string): Command => root.command(name).description(description);
  const withConfig = (name: string, description: string, parent = root): Command =>
    parent
      .command(name)
      .description(description)
      .option('-c, --config <file>', 'alerts.yaml', io.env.SPENDWATCH_CONFIG || './alerts.yaml');
  for (const register of COMMANDS) register({ io, version, command, withConfig, finish });
  // Last, so that the help shows --version after a command's own options.
  for (const added of descendants(root)) added.version(version).exitOverride();
  return root.exitOverride();
}

function descendants({ commands }: Command): Command[] {
  return commands.flatMap((command) => [command, ...descendants(command)]);
}

/** With the default as it is written. Empty lists and switches that are off have none to tell. */
function optionDescription(option: Option): string {
  const { description, defaultValue } = option;
  const isTold = description.includes('(default: ') || Array.isArray(defaultValue) || defaultValue === false;
  return isTold ? description : new Help().optionDescription(option);
}
