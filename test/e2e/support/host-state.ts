/** What an install may have changed on a host: files to the inode, units to the start. */
import type { Lab } from './lab.ts';
import { mustSsh } from './ssh.ts';

export interface HostState {
  /** Inode, size, mode, owner and times by path. Of folders no times: daemons write into some. */
  readonly files: Readonly<Record<string, string>>;
  readonly units: Readonly<Record<string, UnitState>>;
}

export interface UnitState {
  /** New at each start. */
  readonly invocation: string;
  readonly isActive: boolean;
  /** When systemd began to start it, and when it was active; seconds as nowSeconds() counts. */
  readonly startedAt: number;
  readonly activeAt: number;
}

// What is installed stands in the manifest that install.sh keeps.
const script = `
  kept=/var/lib/hardway/manifest
  paths() { sed -n -E "s/^($1) [^ ]+ [^ ]+ ([^ ]+).*/\\2/p" $kept; }
  { paths 'file|block'; find /var/lib/hardway -type f; } | xargs stat -c 'path %n %i %s %a %u:%g %y %z'
  paths dir | xargs stat -c 'path %n %i %a %u:%g'
  find /etc/systemd/system -type l | xargs stat -c 'path %n %i %z'
  for unit in $(sed -n 's/^unit \\([^ ]*\\) .*/\\1/p' $kept); do
    printf 'unit %s' "$unit"
    for name in InvocationID ActiveState InactiveExitTimestampMonotonic ActiveEnterTimestampMonotonic; do
      printf ' %s' "$(systemctl show -p "$name" --value "$unit")"
    done
    printf '\\n'
  done`;

/** The state of everything that the installed bundle names. */
export async function hostState(lab: Lab, host: string): Promise<HostState> {
  const files: Record<string, string> = {};
  const units: Record<string, UnitState> = {};
  for (const line of (await mustSsh(lab, host, script)).trim().split('\n')) {
    const [kind, name = '', ...words] = line.split(' ');
    if (kind === 'path') files[name] = words.join(' ');
    else units[name] = unitState(words);
  }
  return { files, units };
}

/** The names of the units that were started between two states. */
export function restarted(before: HostState, after: HostState): string[] {
  return Object.keys(after.units).filter(
    (name) => after.units[name]?.invocation !== before.units[name]?.invocation,
  );
}

function unitState([invocation = '', state = '', started = '', active = '']: readonly string[]): UnitState {
  return {
    invocation,
    isActive: state === 'active',
    startedAt: Number(started) / 1e6,
    activeAt: Number(active) / 1e6,
  };
}
