/** Every example at every version: rendered, and verified whole. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { isFrom, nftablesFrom } from '../../src/catalog/releases.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { verifyCluster } from '../../src/verify/verify.ts';
import { bundlesOf } from '../support/bundles.ts';
import { projectRoot } from '../support/cli.ts';
import { clusterOf, pkiOf } from '../support/clusters.ts';
import { minors } from './world.ts';

const folder = join(projectRoot, 'examples');
const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** An example with another version; its keys are quick ones, since none of this depends on them. */
function exampleAt(name: string, minor: string): Cluster {
  const document = parseDocument(readFileSync(join(folder, name), 'utf8'));
  document.setIn(['kubernetes', 'version'], minor);
  document.deleteIn(['apiVersion']);
  if (document.hasIn(['pki', 'keyAlgorithm'])) document.setIn(['pki', 'keyAlgorithm'], 'ecdsa-p256');
  const mode = document.getIn(['network', 'proxy', 'mode']);
  if (mode === 'nftables' && !isFrom(minor, nftablesFrom.beta))
    document.setIn(['network', 'proxy', 'mode'], 'iptables');
  return clusterOf(document.toString());
}

test('there are examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(4);
});

describe.each(examples)('%s', (name) => {
  test.each(minors)('at %s', async (minor) => {
    const cluster = exampleAt(name, minor);
    expect(cluster.kubernetes.minor).toBe(minor);
    const { facts, bundles } = bundlesOf(cluster, await pkiOf(cluster));
    expect(bundles).toHaveLength(cluster.hosts.length);
    expect(verifyCluster(facts, bundles)).toEqual([]);
  });
});
