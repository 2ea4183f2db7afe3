/** Command line in, the command to run and its options out; mistakes are values, never a stack trace. */
import yargs, { type Argv } from 'yargs';
import { nearest } from '../lib/edit-distance.ts';
import { type CommandRow, commands } from './commands.ts';
import { defaultInventory } from './io.ts';

export type Parsed =
  | { readonly kind: 'command'; readonly row: CommandRow; readonly options: Record<string, unknown> }
  /** Help, version or completion: text for standard output. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'mistake'; readonly message: string };

/** Stands in for a lone `-`, which yargs drops from positional arguments; no path can hold it. */
const standardInput = '\0stdin';

/** Parses arguments (without node and the script). */
export async function parseArguments(given: readonly string[], version: string): Promise<Parsed> {
  const args = given.map((arg) => (arg === '-' ? standardInput : arg));
  let printed: string | undefined;
  try {
    await buildParser(args, version).parseAsync([...args], {}, (_error, _argv, output) => {
      if (output !== '') printed = output;
    });
  } catch (error) {
    if (error instanceof Chosen) return checked(error.row, error.options);
    return {
      kind: 'mistake',
      message: mistakeText(error instanceof Error ? error.message : String(error), given),
    };
  }
  if (printed !== undefined) return { kind: 'text', text: printed };
  return { kind: 'mistake', message: 'no command given' };
}

/**
 * The command that was asked for, thrown past yargs: it would lay out the help of a command that it
 * has run, which takes as long as all the rest of its work.
 */
class Chosen extends Error {
  readonly row: CommandRow;
  readonly options: Record<string, unknown>;

  constructor(row: CommandRow, options: Record<string, unknown>) {
    super();
    this.row = row;
    this.options = options;
  }
}

function buildParser(args: readonly string[], version: string): Argv {
  const parser = yargs([...args])
    .scriptName('hardway')
    .usage('$0 COMMAND\n\nOne inventory in, one installable bundle per host out.')
    .locale('en')
    .parserConfiguration({
      'boolean-negation': false,
      'duplicate-arguments-array': true,
      'parse-positional-numbers': false,
    })
    .option('format', {
      choices: ['text', 'json'],
      default: 'text',
      requiresArg: true,
      describe: 'how results are printed',
    })
    .option('quiet', { type: 'boolean', default: false, describe: 'print errors only' })
    .option('no-color', { type: 'boolean', default: false, describe: 'no colours, as with NO_COLOR' })
    .strict()
    .recommendCommands()
    .demandCommand(1, 'no command given')
    .completion('completion', 'Print a script for shell completion')
    .version(version)
    .help()
    .alias('help', 'h')
    .wrap(100)
    .exitProcess(false)
    .fail(false);
  addCommands(parser, commands);
  return parser;
}

/** Commands of two words, such as `certs list`, become a command with commands of its own. */
function addCommands(parser: Argv, rows: readonly CommandRow[]): void {
  const groups = new Map<string, CommandRow[]>();
  for (const row of rows) {
    const [first = '', second] = row.usage.split(' ');
    if (second === undefined || second.startsWith('[')) addCommand(parser, row, row.usage);
    else groups.set(first, [...(groups.get(first) ?? []), row]);
  }
  for (const [name, members] of groups) {
    parser.command(name, groupDescriptions[name] ?? name, (group) => {
      for (const row of members) addCommand(group, row, row.usage.slice(name.length + 1));
      return group.demandCommand(1, `${name}: no command given`).strict();
    });
  }
}

const groupDescriptions: Readonly<Record<string, string>> = {
  certs: 'List and check certificates',
  binaries: 'List, fetch and verify the official binaries',
  images: 'List and save the images that the hosts need',
};

function addCommand(parser: Argv, row: CommandRow, usage: string): void {
  parser.command(
    usage,
    row.describe,
    (command) => {
      if (row.takesInventory) {
        command.positional('inventory', {
          type: 'string',
          default: defaultInventory,
          describe: 'inventory file; - reads standard input',
        });
      }
      for (const [name, positional] of Object.entries(row.positionals ?? {}))
        command.positional(name, positional);
      return command.options(row.options ?? {});
    },
    (options) => {
      throw new Chosen(row, options);
    },
  );
}

/** What yargs says, with the word as it was written and the nearest option. */
function mistakeText(message: string, args: readonly string[]): string {
  const [, unknown] = /^Unknown (?:argument|command)s?: (.+)$/.exec(message) ?? [];
  if (unknown === undefined) return message;
  const [name = ''] = unknown.split(', ');
  const written = args.find((arg) => optionName(arg) === name) ?? name;
  if (!written.startsWith('-')) {
    return `${rowOf(args) === undefined ? 'unknown command' : 'unexpected argument'} "${written}"`;
  }
  const near = nearest(name, optionNames(args));
  const [option] = written.split('=');
  return `unknown option ${option}${near === undefined ? '' : `; did you mean --${near}?`}`;
}

function optionName(arg: string): string | undefined {
  return arg.replace(/^-+/, '').split('=')[0];
}

function optionNames(args: readonly string[]): string[] {
  return ['format', 'quiet', 'no-color', 'help', 'version', ...Object.keys(rowOf(args)?.options ?? {})];
}

/** The row of the command that the arguments begin with. */
function rowOf(args: readonly string[]): CommandRow | undefined {
  const words = args.filter((arg) => !arg.startsWith('-'));
  return commands.find(({ usage }) =>
    usage
      .replace(/ \[.*/, '')
      .split(' ')
      .every((word, index) => word === words[index]),
  );
}

/** What yargs lets through: a number that is none, an option given twice, a text that is empty. */
function checked(row: CommandRow, options: Record<string, unknown>): Parsed {
  const known = { format: {}, quiet: {}, 'no-color': {}, ...row.options };
  for (const [name, option] of Object.entries(known)) {
    const value = options[name];
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return { kind: 'mistake', message: `--${name} wants a number` };
    }
    if (Array.isArray(value) && !('array' in option)) {
      return { kind: 'mistake', message: `--${name} is given twice` };
    }
    if (value === '') return { kind: 'mistake', message: `--${name} wants a value` };
  }
  if (row.takesInventory && options.inventory === '') {
    return { kind: 'mistake', message: 'the name of the inventory is empty' };
  }
  const readable = Object.entries(options).map(([name, value]) => [
    name,
    value === standardInput ? '-' : value,
  ]);
  return { kind: 'command', row, options: Object.fromEntries(readable) };
}
