// kubelet.service sets the kernel's settings before the kubelet looks at them: its command, run by sh and sysctl.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sysctlFile } from '../../src/catalog/paths.ts';
import { canRun } from '../support/requirements.ts';
import { temporaryFolder } from './bundle.ts';

const unit = readFileSync(
  fileURLToPath(
    new URL('../golden/single/review/allinone/rootfs/etc/systemd/system/kubelet.service', import.meta.url),
  ),
  'utf8',
);
const [, command = ''] = /^ExecStartPre=-\/bin\/sh -c '(.*sysctl.*)'$/m.exec(unit) ?? [];

/** Runs the command in namespaces of its own, where sysctl.d has this file; what holds afterwards. */
const settingsAfter = (file: string, setting: string): string => {
  const path = join(temporaryFolder(), 'sysctl.conf');
  writeFileSync(path, file);
  const script = `set -e; mount -t tmpfs none /etc/sysctl.d; cp ${path} ${sysctlFile}
sysctl -q -w net.ipv4.ip_forward=0
/bin/sh -c '${command}'
cat /proc/sys/${setting}`;
  const child = spawnSync('unshare', ['--net', '--mount', 'bash', '-c', script], { encoding: 'utf8' });
  expect(child.status, child.stderr).toBe(0);
  return child.stdout.trim();
};

describe.runIf(
  canRun('the kernel settings of kubelet.service', {
    'network namespaces (root)': spawnSync('unshare', ['--net', '--mount', 'true']).status === 0,
    'sysctl (Debian: procps)': spawnSync('sysctl', ['--version']).status === 0,
  }),
)('the kernel settings of kubelet.service', () => {
  it('are those of our file, whatever a file that was read later had set', () => {
    expect(settingsAfter('net.ipv4.ip_forward = 1\n', 'net/ipv4/ip_forward')).toBe('1');
  });

  it('are set as far as the kernel has them: a key of a module that is not loaded stops nothing', () => {
    const file = 'net.bridge.no-such-key = 1\nnet.ipv4.ip_forward = 1\n';
    expect(settingsAfter(file, 'net/ipv4/ip_forward')).toBe('1');
  });

  it('do not keep the kubelet from starting where they cannot be set', () => {
    expect(settingsAfter('net.ipv4.ip_forward = no\n', 'net/ipv4/ip_forward')).toBe('0');
  });
});
