/** `hardway addons`: what control planes apply to the cluster once its API answers. */
import { type ListedAddon, listAddons } from '../addons/listing.ts';
import { objectName } from '../addons/manifest.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { Io } from '../cli/io.ts';
import { templatesDir } from '../lib/package-root.ts';
import { loadTemplates } from '../render/template.ts';
import { type InventoryOptions, readInventory } from './inventory.ts';

export interface AddonsOptions extends InventoryOptions {
  /** Whether to print the manifests themselves. */
  readonly manifests: boolean;
}

/** Runs the command; asks no cluster. */
export function addons(options: AddonsOptions, io: Io): ExitStatus {
  const read = readInventory(options, io);
  if (read === undefined) return exitStatus.wrongInput;
  const listed = listAddons(read.cluster, read.extras, loadTemplates(templatesDir));
  if (options.format === 'json') io.stdout(json(listed, options.manifests));
  else io.stdout(options.manifests ? yaml(listed) : listed.map(block).join('\n'));
  return exitStatus.done;
}

function json(listed: readonly ListedAddon[], withManifests: boolean): string {
  const addons = listed.map(({ manifest, ...one }) => (withManifests ? { ...one, manifest } : one));
  return `${JSON.stringify({ addons }, null, 2)}\n`;
}

/** One stream of documents, as kubectl takes it from a pipe. */
function yaml(listed: readonly ListedAddon[]): string {
  return listed
    .map(({ path, manifest }) => `# ${path}\n${manifest.replace(/^---.*\n/, '').trimEnd()}\n`)
    .join('---\n');
}

function block({ name, version, path, images, objects }: ListedAddon): string {
  const lines = [
    version === null ? name : `${name} ${version}`,
    `  file     ${path}`,
    ...labelled('images', images),
    ...labelled('objects', objects.map(objectName)),
  ];
  return `${lines.join('\n')}\n`;
}

function labelled(label: string, items: readonly string[]): string[] {
  return items.map((item, index) => `  ${(index === 0 ? label : '').padEnd(8)} ${item}`);
}
