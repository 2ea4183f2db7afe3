/** The examples' inventories, with as little changed as the lab forces. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCollection, parseDocument } from 'yaml';
import { hardway, projectRoot, render } from '../../support/cli.ts';
import { pauseImage } from './image.ts';
import type { Lab, LabHost } from './lab.ts';

export interface Change {
  readonly path: readonly (string | number)[];
  /** undefined takes the key away. */
  readonly value: unknown;
}

export interface InventoryHost extends LabHost {
  readonly roles: readonly string[];
}

export interface Inventory {
  readonly text: string;
  readonly hosts: readonly InventoryHost[];
}

/** What no host of the lab can do: other versions, IPVS in the kernel, images from a registry. */
const forced: readonly Change[] = [
  { path: ['kubernetes', 'version'], value: '1.20.2' },
  { path: ['network', 'proxy', 'mode'], value: 'iptables' },
  { path: ['network', 'proxy', 'ipvsScheduler'], value: undefined },
  { path: ['runtime', 'sandboxImage'], value: pauseImage },
  { path: ['addons'], value: { coredns: false, flannel: false } },
];

/** An example of the project as the lab can run it, with further changes. */
export function exampleInventory(name: string, changes: readonly Change[] = []): Inventory {
  const text = readFileSync(join(projectRoot, 'examples', name), 'utf8');
  return changed(text, [...forced, ...changes]);
}

/** An inventory with changes; comments and order stay. */
export function changed(text: string, changes: readonly Change[]): Inventory {
  const document = parseDocument(text);
  for (const { path, value } of changes) {
    if (value !== undefined) document.setIn(path, document.createNode(value));
    else if (isCollection(document.getIn(path.slice(0, -1)))) document.deleteIn(path);
  }
  const { hosts } = document.toJS() as { hosts: InventoryHost[] };
  return { text: document.toString(), hosts };
}

/** The names of the hosts with a role. */
export function withRole(inventory: Inventory, role: string): string[] {
  return inventory.hosts.filter(({ roles }) => roles.includes(role)).map(({ name }) => name);
}

export interface Rendered {
  readonly out: string;
  /** The kubeconfig that `hardway kubeconfig` prints. */
  readonly kubeconfig: string;
}

/** Renders an inventory for a lab; a second one continues with the same PKI. */
export function renderFor(lab: Lab, inventory: Inventory): Rendered {
  const file = join(lab.folder, 'inventory.yaml');
  writeFileSync(file, inventory.text);
  const { out, pki } = render(file, lab.folder);
  const printed = hardway(['kubeconfig', file, '--pki-dir', pki]);
  if (printed.status !== 0) throw new Error(`kubeconfig ended with ${printed.status}:\n${printed.stderr}`);
  const kubeconfig = join(lab.folder, 'operator.conf');
  writeFileSync(kubeconfig, printed.stdout, { mode: 0o600 });
  return { out, kubeconfig };
}
