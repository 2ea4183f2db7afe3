/** Clusters of every shape that these tests know: nothing is found in what is right. */
import { expect, test } from 'vitest';
import { verifyCluster } from '../../../src/verify/verify.ts';
import { bundlesOf } from '../../support/bundles.ts';
import { manyClusters, pkiOf } from '../../support/clusters.ts';

test.each(Object.entries(manyClusters))('%s', async (_, cluster) => {
  const { facts, bundles } = bundlesOf(cluster, await pkiOf(cluster));
  const findings = verifyCluster(facts, bundles).map(
    ({ check, host, file, line, message }) => `${check} ${host}:${file}:${line}: ${message}`,
  );
  expect(findings).toEqual([]);
});
