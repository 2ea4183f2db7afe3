/** A cluster that was rendered, and `hardway diff` on changed inventories of it: the clock stands still. */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DiffOptions, diff } from '../../src/commands/diff.ts';
import { render } from '../../src/commands/render.ts';
import { projectRoot } from '../support/cli.ts';
import { memoryIo } from '../support/io.ts';

export const now = new Date('2026-11-21T00:00:00Z');

export type Format = DiffOptions['format'];
export const formats: readonly Format[] = ['text', 'markdown', 'json'];

/** The six hosts of the guide; its store of throw-away keys is the one of the golden review tree. */
export const guide = readFileSync(join(projectRoot, 'examples/ha-stacked.yaml'), 'utf8');

/** The guide's inventory with something replaced; throws when it is not there. */
export function guideWith(text: string, replacement: string): string {
  if (!guide.includes(text)) throw new Error(`the guide's inventory has no ${text}`);
  return guide.replace(text, replacement);
}

/** The guide's inventory with lines at its end: further hosts, or further keys. */
export const guideAnd = (lines: string): string => `${guide.trimEnd()}\n${lines}\n`;

export interface Place {
  readonly out: string;
  readonly pkiDir: string;
}

/** The binaries are the hosts' own. */
const binariesDir = undefined;

/** Renders an inventory below a folder, with a copy of the guide's keys. */
export async function rendered(folder: string, inventory = guide): Promise<Place> {
  const place = { out: join(folder, 'out'), pkiDir: join(folder, 'pki') };
  cpSync(join(projectRoot, 'test/golden/ha-stacked/pki'), place.pkiDir, { recursive: true });
  await renderInto(place, inventory);
  return place;
}

/** Renders an inventory to a place; throws with the messages when that fails. */
export async function renderInto(place: Place, inventory: string): Promise<void> {
  const io = memoryIo({ now, input: inventory });
  const status = await render({ ...place, binariesDir, inventory: '-', format: 'text', quiet: true }, io);
  if (status !== 0) throw new Error(`render ended with ${status}: ${io.errors()}`);
}

export interface Told {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** What the command says of an inventory. */
export async function diffOf(
  place: Place,
  inventory: string,
  format: Format,
  further: { readonly quiet?: boolean; readonly colorsOutput?: boolean } = {},
): Promise<Told> {
  const { quiet = false, colorsOutput = false } = further;
  const io = memoryIo({ now, input: inventory, colorsOutput });
  const status = await diff({ ...place, binariesDir, inventory: '-', format, quiet }, io);
  return { status, output: io.output(), errors: io.errors() };
}
