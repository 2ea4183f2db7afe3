/** Everything on a host that an install could touch, to compare before and after. */
import type { Lab } from './lab.ts';
import { mustSsh } from './ssh.ts';

/** What stands at each path: kind, mode, owner, and the sum of its bytes or where it links to. */
export type Snapshot = Readonly<Record<string, string>>;

// Not in it: what a running system itself writes, and the backups that useradd and userdel leave.
const script = `
  listed() {
    find /etc /usr/local /usr/libexec /opt /var/lib /var/log/kubernetes /run/hardway.lock -xdev \\
      \\( -path /var/lib/systemd -o -path /var/lib/containerd -o -path /var/lib/dpkg -o -path /etc/.pwd.lock \\
      -o -regex '/etc/\\(passwd\\|group\\|shadow\\|gshadow\\|subuid\\|subgid\\)-' \\) -prune -o "$@" 2>/dev/null
  }
  listed -printf '%y %m %U:%G TIMES\\t%p\\t%l\\n' || true
  listed -type f -size -4M -exec sha256sum {} + | sed 's/^\\([0-9a-f]*\\)  /sum \\1\\t/'
  for unit in $(systemctl list-units --all --plain --no-legend 'etcd*' 'kube*' | cut -d ' ' -f 1); do
    printf 'unit %s\\t%s\\t\\n' "$(systemctl show -p ActiveState --value "$unit")" "$unit"
  done
  grep -o ' /var/lib/kubelet[^ ]*' /proc/mounts | sed 's/^ \\(.*\\)/mount\\t\\1\\t/' || true`;

/** What stands on a host; `withTimes` tells also what was written anew with the same bytes. */
export async function snapshotOf(
  lab: Lab,
  host: string,
  { withTimes = false }: { readonly withTimes?: boolean } = {},
): Promise<Snapshot> {
  const command = script.replace('TIMES', withTimes ? '%i %T@ %C@' : '');
  const found: Record<string, string> = {};
  for (const line of (await mustSsh(lab, host, command)).split('\n')) {
    const [what = '', path = '', target = ''] = line.split('\t');
    if (path !== '') found[path] = [found[path], what.trim(), target].filter(Boolean).join(' ');
  }
  return found;
}

/** Lines `PATH: BEFORE -> AFTER` for all that differs between two snapshots. */
export function differencesOf(before: Snapshot, after: Snapshot): string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return paths
    .filter((path) => before[path] !== after[path])
    .map((path) => `${path}: ${before[path] ?? 'nothing'} -> ${after[path] ?? 'nothing'}`);
}
