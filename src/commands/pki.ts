/** Where a command finds the PKI store of a cluster. */
import { dirname, join } from 'node:path';
import type { Cluster } from '../model/cluster.ts';

/** `--pki-dir`, or `pki/CLUSTER` beside the inventory (in the current folder for standard input). */
export function pkiDirOf(cluster: Cluster, inventory: string, pkiDir: string | undefined): string {
  if (pkiDir !== undefined) return pkiDir;
  return join(inventory === '-' ? '.' : dirname(inventory), 'pki', cluster.name);
}
