/** The tables of risks and stages: every event can happen, and every host has a stage. */
import { describe, expect, test } from 'vitest';
import { certificates } from '../../src/catalog/certificates.ts';
import { flagsOf } from '../../src/catalog/flags/flags.ts';
import { hostFiles } from '../../src/catalog/host-files.ts';
import * as paths from '../../src/catalog/paths.ts';
import { units } from '../../src/catalog/requirements.ts';
import { risks, stages } from '../../src/catalog/rollout.ts';
import { componentKeys, roleNames } from '../../src/model/cluster.ts';

const files = new Set([
  ...hostFiles.map(({ path }) => path),
  ...certificates.flatMap(({ delivery }) =>
    delivery.kind === 'files' ? [`${delivery.path}.crt`, `${delivery.path}.key`] : [delivery.path],
  ),
  // From the plan: bootstrap.conf is a kubeconfig without a certificate.
  `${paths.authDir}/bootstrap.conf`,
]);
const flags = new Set(componentKeys.flatMap((key) => Object.keys(flagsOf(key))));
const unitNames = new Set(units.map(({ name }) => name));

const known: readonly ((event: string) => boolean)[] = [
  (event) => ['version', 'pki reissued', 'field clusterDNS', 'field cgroupDriver'].includes(event),
  (event) => /^variable ETCD_(?:DATA_DIR|INITIAL_CLUSTER)$/.test(event),
  (event) => event.startsWith('flag ') && flags.has(event.slice('flag '.length)),
  (event) => event.startsWith('restarts ') && unitNames.has(event.slice('restarts '.length)),
  (event) => /^(?:added|removed|changed) \//.test(event) && files.has(event.replace(/^\w+ /, '')),
  (event) => roleNames.some((role) => [`added ${role}`, `removed ${role}`].includes(event)),
];

describe('risks', () => {
  test.each(risks.map(({ event }) => event))('%s can happen', (event) => {
    expect(known.some((isKnown) => isKnown(event))).toBe(true);
  });

  test('an event is told once', () => {
    const events = risks.map(({ event }) => event);
    expect(events).toEqual([...new Set(events)]);
  });

  test('every unit that runs on has a row, so that nothing restarts without a word', () => {
    const told = new Set(risks.map(({ event }) => event));
    const running = units.filter(({ start, name }) => start !== 'once' && name.endsWith('.service'));
    expect(running.filter(({ name }) => !told.has(`restarts ${name}`))).toEqual([]);
  });

  test('placeholders are those that are filled in', () => {
    const names = ['hosts', 'members', 'quorum', 'membersBefore', 'quorumBefore'];
    const used = risks.flatMap(({ text }) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name));
    expect(used.filter((name) => !names.includes(name))).toEqual([]);
  });
});

test('every role has one stage, etcd before the control planes and workers last of those that stay', () => {
  const roles = stages.map((row) => row.of).filter((of) => of !== 'quiet' && of !== 'leaving');
  expect(roles).toEqual(['etcd', 'control-plane', 'load-balancer', 'worker']);
});
