/** Every place of an inventory where a text may stand, from the schema itself. */
import { inventoryType } from '../../src/inventory/schema.ts';
import type { Keys, Type } from '../../src/inventory/types.ts';

export interface Place {
  readonly path: string;
  /** The inventory of one host, with a text at this place. */
  readonly inventoryWith: (text: string) => unknown;
}

export const soleHost = { name: 'node01', address: '192.0.2.10', roles: ['etcd', 'control-plane', 'worker'] };

/** Names that records take, where the schema knows a form for them; flags are such as the component has. */
const recordKeys: Readonly<Record<string, string>> = {
  featureGate: 'EphemeralContainers',
  envName: 'ETCD_LOG_LEVEL',
  labelKey: 'disk',
  registry: 'docker.io',
};

const flags: Readonly<Record<string, string>> = {
  apiserver: 'cors-allowed-origins',
  controllerManager: 'cluster-name',
  scheduler: 'profiling',
  kubelet: 'cloud-provider',
  proxy: 'log-file',
};

/** All of them. */
export function textPlaces(): Place[] {
  return placesOf(inventoryType, '', (value) => ({
    apiVersion: 'hardway/v1',
    hosts: [soleHost],
    ...(value as object),
  }));
}

function placesOf(type: Type, path: string, inventoryWith: (value: unknown) => unknown): Place[] {
  switch (type.kind) {
    case 'text':
    case 'choice':
      return [{ path, inventoryWith }];
    case 'list':
      return placesOf(type.of, `${path}[]`, (value) => inventoryWith([value]));
    case 'record': {
      const name = recordKeys[type.keyFormat ?? ''] ?? flags[path.split('.').at(-2) ?? ''] ?? 'v';
      const values = placesOf(type.of, `${path}.${name}`, (value) => inventoryWith({ [name]: value }));
      return [...values, { path: `${path}.KEY`, inventoryWith: (text) => inventoryWith({ [text]: 'true' }) }];
    }
    case 'map':
      return Object.entries(type.keys as Keys).flatMap(([name, entry]) =>
        placesOf(entry.type, path === '' ? name : `${path}.${name}`, (value) =>
          inventoryWith(path === 'hosts[]' ? { ...soleHost, [name]: value } : { [name]: value }),
        ),
      );
    case 'switch':
      return placesOf(type.settings, path, inventoryWith);
    default:
      return [];
  }
}
