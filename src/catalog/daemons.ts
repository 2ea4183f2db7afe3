/** The names of the daemons and the role that runs each: the Kubernetes components, and etcd. */
import type { ComponentKey, Role } from '../model/cluster.ts';
import { components } from './components.ts';

/** What the program of a component is called. */
export const programs = Object.fromEntries(components.map(({ key, name }) => [key, name])) as Readonly<
  Record<ComponentKey, string>
>;

/** By the daemon's name; the order is that of tables. */
export const roleOfDaemon: Readonly<Record<string, Role>> = {
  ...Object.fromEntries(components.map(({ name, role }) => [name, role])),
  etcd: 'etcd',
};

export const daemonNames: readonly string[] = Object.keys(roleOfDaemon);

const keys = new Map(components.map(({ key, name }) => [name, key]));

/** The component of a program; none for etcd and for everything else. */
export function componentKeyOf(program: string): ComponentKey | undefined {
  return keys.get(program);
}

/** What stands for several daemons in the checks of a benchmark; etcd counts as the control plane's. */
export const daemonGroups: Readonly<Record<string, readonly string[]>> = {
  'control-plane': daemonNames.filter((name) => roleOfDaemon[name] !== 'worker'),
  '*': daemonNames,
};
