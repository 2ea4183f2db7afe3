/** What the template of a kit's HOWTO.txt reads: each host with the files that go to it. */
import { type Cluster, type Host, primaryAddress } from '../model/cluster.ts';
import type { ImageArchive } from '../model/image-archive.ts';
import type { TemplateValues } from '../model/plan.ts';

/** Archives of a kit, by whom they are for. */
export interface KitArchives {
  readonly binaries: readonly { readonly name: string; readonly role: string; readonly arch: string }[];
  readonly images: readonly ImageArchive[];
}

/** Values of templates/_kit/HOWTO.txt.hbs. */
export function howtoValues(cluster: Cluster, archives: KitArchives, hasProgram: boolean): TemplateValues {
  return {
    cluster: { name: cluster.name },
    kubernetes: { version: cluster.kubernetes.version },
    runtime: { type: cluster.runtime.type, isExternal: cluster.runtime.type === 'external' },
    hasProgram,
    hosts: cluster.hosts.map((host) => hostValues(host, archivesOf(host, archives))),
  };
}

function hostValues(host: Host, archives: readonly string[]): TemplateValues {
  const { name, arch, roles } = host;
  const { user = 'root', port, identityFile, become } = host.ssh;
  return {
    name,
    arch,
    roles: roles.join(', '),
    address: primaryAddress(host).text,
    target: `${user}@${scpAddress(host)}`,
    login: `${user}@${primaryAddress(host).text}`,
    port: port ?? false,
    identityFile: identityFile ?? false,
    becomes: become ?? user !== 'root',
    files: [`bundles/${name}.tar.gz`, ...archives],
  };
}

/** The archives that a host's install.sh asks for, by their place in the kit. */
function archivesOf({ roles, arch }: Host, { binaries, images }: KitArchives): string[] {
  const own = binaries.filter((one) => one.arch === arch && roles.some((role) => role === one.role));
  const runsPods = roles.includes('worker');
  return [
    ...own.map(({ name }) => `binaries/${name}`),
    ...images
      .filter(({ architecture }) => runsPods && architecture === arch)
      .map(({ file }) => `images/${file}`),
  ];
}

/** scp takes the colons of an IPv6 address for its own, outside brackets. */
function scpAddress(host: Host): string {
  const { family, text } = primaryAddress(host);
  return family === 'ipv6' ? `[${text}]` : text;
}
