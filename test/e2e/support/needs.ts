/** What these tests need of a machine; a missing piece skips them aloud, or fails under REQUIRE_ALL=1. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../support/cli.ts';
import { canRun, findProgram, isRoot, kubeBinaries } from '../../support/requirements.ts';

const programs = {
  'systemd-nspawn': 'systemd-container',
  debootstrap: 'debootstrap',
  ip: 'iproute2',
  nc: 'netcat-openbsd',
  ssh: 'openssh-client',
  scp: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  flock: 'util-linux',
  'apt-get': 'apt',
};

/** Whether hosts can be booted here and given a cluster. */
export function canBootHosts(): boolean {
  const found = Object.entries(programs).map(
    ([name, debian]) => [`${name} (Debian: ${debian})`, findProgram(name) !== undefined] as const,
  );
  return canRun('end-to-end tests', {
    'root privileges': isRoot,
    'Kubernetes v1.20.2 binaries (KUBE_BIN_DIR)': kubeBinaries() !== undefined,
    'the built command (make build)': existsSync(join(projectRoot, 'dist/cli.js')),
    ...Object.fromEntries(found),
  });
}
