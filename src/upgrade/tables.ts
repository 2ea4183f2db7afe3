/** What the tables of releases, APIs and notes say about one step: etcd, images, the runtime, the rest. */

import { isInstalled } from '../addons/images.ts';
import { addonNames, imagesOfAddon } from '../catalog/addons.ts';
import { components } from '../catalog/components.ts';
import { releaseOf, sandboxImageOf } from '../catalog/releases.ts';
import { type NoteCondition, type UpgradeNoteRow, upgradeNotes } from '../catalog/upgrades/notes.ts';
import { type RemovedApiRow, removedApis } from '../catalog/upgrades/removed-apis.ts';
import { etcdHops } from '../catalog/upgrades/skew.ts';
import { parseVersion } from '../lib/version.ts';
import { type Cluster, hostsWithRole } from '../model/cluster.ts';
import type { UpgradeItem } from './item.ts';
import { namesShort } from './names.ts';
import { commandLineOf, kindsOfHosts } from './shape.ts';

/** Items for one step; both clusters are the same inventory, at the versions before and after it. */
export function tableItems(before: Cluster, after: Cluster): UpgradeItem[] {
  return [
    ...etcdItems(before, after),
    ...runtimeItems(before, after),
    ...imageItems(before, after),
    ...noteItems(before, after),
    ...apiItems(after),
  ];
}

// etcd

function etcdItems(before: Cluster, after: Cluster): UpgradeItem[] {
  const { minor } = after.kubernetes;
  const [oldTable, wanted] = [releaseOf(before.kubernetes.minor).etcd, releaseOf(minor).etcd];
  const [old, now] = [before.etcd.version, after.etcd.version];
  const subject = 'etcd';
  const members = hostsWithRole(after, 'etcd').map(({ name }) => name);
  if (members.length === 0) {
    if (oldTable === wanted) return [];
    const message = `Kubernetes ${minor} goes with etcd ${wanted}, before ${oldTable}; yours is kept by others${hopText(oldTable, wanted)}`;
    return [{ kind: 'check', subject, message, fix: 'have it upgraded before the API servers' }];
  }
  if (old !== now) {
    const order = `one member after the other (${namesShort(members, 6)})`;
    const message = `etcd ${old} -> ${now}, before kube-apiserver, ${order}${hopText(old, now)}`;
    return [{ kind: 'changes', subject, message }];
  }
  if (now === wanted || oldTable === wanted) return [];
  const message = `the inventory keeps etcd ${now}; Kubernetes ${minor} goes with ${wanted}${hopText(now, wanted)}`;
  return [{ kind: 'check', subject, message, fix: 'delete etcd.version, or write the newer one' }];
}

/** What a change of etcd's minor asks for. */
function hopText(old: string, now: string): string {
  const row = etcdHops.find(({ minor }) => minor === parseVersion(now)?.minor);
  if (row?.atLeast === undefined || parseVersion(old)?.minor !== row.from) return '';
  const { version, why } = row.atLeast;
  return `; every member must run ${version} or newer before the first one runs ${row.minor} (${why})`;
}

// Runtime and images

function runtimeItems(before: Cluster, after: Cluster): UpgradeItem[] {
  const [old, now] = [before, after].map(({ kubernetes }) => releaseOf(kubernetes.minor).containerd);
  if (after.runtime.type !== 'containerd' || old === now) return [];
  const message = `the kubelet wants containerd ${now} or newer, before ${old}`;
  return [
    {
      kind: 'check',
      subject: 'runtime',
      message,
      fix: 'containerd --version on every worker; upgrade it first',
    },
  ];
}

function imageItems(before: Cluster, after: Cluster): UpgradeItem[] {
  const [from, to] = [before.kubernetes.minor, after.kubernetes.minor];
  const changed = [
    imageText(before.runtime.sandboxImage, after.runtime.sandboxImage),
    ...addonNames
      .filter((name) => isInstalled(name, after))
      .map((name) => {
        const old = imagesOfAddon(name, from);
        return imagesOfAddon(name, to).flatMap((image, index) => imageText(old[index] ?? '', image));
      }),
  ].flat();
  const items: UpgradeItem[] =
    changed.length === 0 ? [] : [{ kind: 'changes', subject: 'images', message: changed.join('; ') }];
  const isPinned = before.runtime.sandboxImage === after.runtime.sandboxImage;
  if (!isPinned || sandboxImageOf(from) === sandboxImageOf(to)) return items;
  const message = `the inventory keeps the sandbox image ${after.runtime.sandboxImage}; Kubernetes ${to} goes with ${sandboxImageOf(to)}`;
  return [
    ...items,
    {
      kind: 'check',
      subject: 'images',
      message,
      fix: 'mirror the newer one and name it in runtime.sandboxImage',
    },
  ];
}

/** An image and its successor, of which only the tag where that alone is new. */
function imageText(old: string, now: string): string[] {
  if (old === now) return [];
  const name = now.slice(0, now.lastIndexOf(':') + 1);
  return [`${old} -> ${old.startsWith(name) ? now.slice(name.length) : now}`];
}

// APIs and notes

function apiItems({ kubernetes: { minor } }: Cluster): UpgradeItem[] {
  const rows = removedApis.filter((row) => row.minor === minor);
  if (rows.length === 0) return [];
  return [
    {
      kind: 'check',
      subject: 'APIs',
      message: `Kubernetes ${minor} no longer serves`,
      details: rows.map(apiText),
      fix: 'change manifests, charts and operators of your own first; the metric apiserver_requested_deprecated_apis shows what is still asked for',
      source: 'kubernetes.io/docs/reference/using-api/deprecation-guide',
    },
  ];
}

function apiText({ api, kinds, successor }: RemovedApiRow): string {
  return `${api} ${kinds.join(', ')} (${successor === undefined ? 'no successor' : `now ${successor}`})`;
}

/** When a condition of a note holds. */
const conditions: Readonly<Record<NoteCondition, (before: Cluster, after: Cluster) => boolean>> = {
  hasControlPlaneNodes: (_, { hosts }) =>
    hosts.some(({ roles }) => roles.includes('control-plane') && roles.includes('worker')),
  switchesToNftables: ({ network: old }, { network: now }) =>
    old.proxy.mode !== now.proxy.mode && now.proxy.mode === 'nftables',
  usesContainerd: (_, { runtime }) => runtime.type === 'containerd',
  usesDocker: (_, { runtime }) => runtime.type === 'docker',
  usesExternalRuntime: (_, { runtime }) => runtime.type === 'external',
  usesPodSecurityPolicy: ({ hosts }) =>
    hosts.some(({ components: { apiserver } }) =>
      apiserver.args['enable-admission-plugins']?.split(',').includes('PodSecurityPolicy'),
    ),
};

function noteItems(before: Cluster, after: Cluster): UpgradeItem[] {
  return upgradeNotes
    .filter(
      (row) =>
        row.minor === after.kubernetes.minor &&
        (row.when === undefined || conditions[row.when](before, after)) &&
        !isSetEverywhere(row, after),
    )
    .map(({ kind, subject, message, fix, source }) => ({
      kind,
      subject,
      message,
      ...(fix === undefined ? {} : { fix }),
      source,
    }));
}

/** Whether every host that the note is about says already what it is about. */
function isSetEverywhere({ unlessSet }: UpgradeNoteRow, cluster: Cluster): boolean {
  if (unlessSet === undefined) return false;
  const { component, flag, field } = unlessSet;
  const row = components.find(({ key }) => key === component);
  if (row === undefined) throw new Error(`no component ${component}`);
  return kindsOfHosts(cluster)
    .filter(({ roles }) => roles.includes(row.role))
    .every(
      (host) =>
        (flag !== undefined && commandLineOf(row, cluster, host).has(flag)) ||
        (field !== undefined && host.components[component].config[field] !== undefined),
    );
}
