/** The hosts of an existing cluster: their trees in, one view over all of them out. */
import { createPublicKey } from 'node:crypto';
import { posix } from 'node:path';
import { remembered } from '../lib/remember.ts';
import { parseVersion } from '../lib/version.ts';
import { type ClusterView, createPemReaders } from '../verify/view.ts';
import type { FoundHost } from './find-hosts.ts';
import { readHost, type TreeHost } from './host.ts';
import { assumedVersion, etcdMinorOf, type FoundVersion, versionOn } from './versions.ts';

export interface TreeCluster {
  /** In the order of the view's. */
  readonly hosts: readonly TreeHost[];
  readonly view: ClusterView;
  readonly version: FoundVersion;
  /** What each host's own files say, where they do. */
  readonly versions: readonly FoundVersion[];
}

/** Reads all hosts. `given` is the version of the command line, which goes before what files say. */
export function readTree(
  found: readonly FoundHost[],
  options: { readonly path: string; readonly now: Date; readonly given: string | undefined },
): TreeCluster {
  const readers = soundReaders();
  const fallback = posix.basename(posix.resolve(options.path)) || 'host';
  const hosts = found.map((one) => readHost(one, fallback, readers));
  const versions = hosts.flatMap((host) => versionOn(host) ?? []);
  const version = givenVersion(options.given) ?? versions[0] ?? assumedVersion(hosts);
  const views = hosts.map(({ view }) => view);
  const view: ClusterView = {
    facts: {
      kubernetesMinor: version.minor,
      etcdMinor: etcdMinorOf(hosts, version.minor),
      endpoint: { host: '', port: 0, mode: 'external' },
      bootstrapMethod: '',
      now: options.now,
    },
    hosts: views,
    withRole: (role) => views.filter(({ bundle }) => bundle.roles.includes(role)),
    ...readers,
  };
  return { hosts, view, version, versions };
}

function givenVersion(given: string | undefined): FoundVersion | undefined {
  const parsed = given === undefined ? undefined : parseVersion(given);
  if (given === undefined || parsed === undefined) return undefined;
  return {
    version: given.replace(/^v/, ''),
    minor: parsed.minor,
    how: 'given on the command line',
    isAssumed: false,
  };
}

/** Readers that take a certificate only with a key that OpenSSL can use: nobody else has looked at these files. */
function soundReaders(): ReturnType<typeof createPemReaders> {
  const { parse, keyOf } = createPemReaders();
  const soundOnes = remembered((pem: string) => {
    const certificate = parse(pem);
    return certificate !== undefined && isUsableKey(certificate.publicKeyDer) ? certificate : undefined;
  });
  return { parse: soundOnes, keyOf };
}

function isUsableKey(key: Buffer): boolean {
  try {
    createPublicKey({ key, format: 'der', type: 'spki' });
    return true;
  } catch {
    // Of an unknown kind, or broken.
    return false;
  }
}
