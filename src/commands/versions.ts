/** `hardway versions`: the supported minors and what runs beside each of them. */

import { newestVersion } from '../catalog/releases.ts';
import { type ExitStatus, exitStatus } from '../cli/exit-status.ts';
import type { CommonOptions, Io } from '../cli/io.ts';
import { textTable } from '../lib/table.ts';
import { type SupportedVersion, supportedVersions } from '../upgrade/versions.ts';

/** Runs the command. */
export function versions(options: CommonOptions, io: Io): ExitStatus {
  const rows = supportedVersions();
  if (options.format === 'json') {
    io.stdout(`${JSON.stringify({ default: newestVersion(), versions: rows }, null, 2)}\n`);
    return exitStatus.done;
  }
  io.stdout(textTable(header, rows.map(cellsOf)));
  if (!options.quiet) io.stdout(legend);
  return exitStatus.done;
}

const header = [
  'VERSION',
  'STATE',
  'ETCD',
  'PAUSE',
  'COREDNS',
  'CNI',
  'CONTAINERD',
  'DOCKER BY',
  'KUBE-PROXY MODES',
];

const legend = `
VERSION is the newest patch known; * is the default of kubernetes.version. Of a provisional
version only a beta has been seen. CONTAINERD is the oldest that the kubelet talks to. The mode
of kube-proxy with a * is the default; alpha wants the feature gate NFTablesProxyMode.
`;

function cellsOf(row: SupportedVersion): string[] {
  return [
    `${row.version}${row.isDefault ? ' *' : ''}`,
    row.state,
    row.etcd,
    tagOf(row.pauseImage),
    tagOf(row.corednsImage).replace(/^v/, ''),
    row.cniPlugins,
    `${row.oldestContainerd}+`,
    row.dockerBy,
    Object.entries(row.proxyModes)
      .map(([mode, stage]) => {
        const star = mode === row.defaultProxyMode ? '*' : '';
        return `${mode}${star}${stage === 'stable' ? '' : ` (${stage})`}`;
      })
      .join(', '),
  ];
}

function tagOf(image: string): string {
  return image.slice(image.lastIndexOf(':') + 1);
}
