/** Rollback and uninstall: the host is as it was, and what must not be lost is not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAlone, renderAlone, unpackOn } from './support/alone.ts';
import { saveJournalsOnFailure } from './support/evidence.ts';
import { closeLab, type Lab, type LabHost } from './support/lab.ts';
import { canBootHosts } from './support/needs.ts';
import { outputOf } from './support/process.ts';
import { differencesOf, type Snapshot, snapshotOf } from './support/snapshot.ts';
import { mustSsh, ssh } from './support/ssh.ts';

const etcdctl =
  'ETCDCTL_API=3 etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/etcd/pki/ca.crt --cert=/etc/etcd/pki/client.crt --key=/etc/etcd/pki/client.key';

describe.skipIf(!canBootHosts())('leaving a host', () => {
  let lab: Lab;
  let host: LabHost;
  let pristine: Snapshot;

  beforeAll(async () => {
    lab = await openAlone('leaving');
    const [first] = lab.hosts;
    if (first === undefined) throw new Error('the lab has no host');
    host = first;
    pristine = await snapshotOf(lab, host.name);
    await unpackOn(lab, host, renderAlone(lab, host), 'first');
    await unpackOn(lab, host, renderAlone(lab, host, { unit: 'second' }), 'second');
  });
  afterAll(() => closeLab(lab));
  saveJournalsOnFailure(() => lab);

  /** Runs install.sh of a bundle, which must end well, and gives what it says. */
  async function run(bundle: string, verb: string): Promise<string> {
    return outputOf(
      `${bundle}: install.sh ${verb}`,
      await ssh(lab, host.name, `cd ${bundle} && ./install.sh ${verb}`),
    );
  }

  /** The serial number of the certificate that etcd shows to whoever connects. */
  function servedSerial(): Promise<string> {
    return mustSsh(
      lab,
      host.name,
      'openssl s_client -connect 127.0.0.1:2379 </dev/null 2>/dev/null | openssl x509 -noout -serial',
    );
  }

  /** What stands on the host now against a snapshot, without the places that only grow. */
  async function changedSince(before: Snapshot, ...expected: readonly RegExp[]): Promise<string[]> {
    const differences = differencesOf(before, await snapshotOf(lab, host.name));
    return differences.filter((line) => !expected.some((pattern) => pattern.test(line)));
  }

  it('rollback puts back files and services, byte for byte', async () => {
    await run('first', 'install');
    const first = await snapshotOf(lab, host.name);
    const serial = await servedSerial();
    await mustSsh(lab, host.name, `${etcdctl} put kept yes`);

    await run('second', 'install');
    const changed = differencesOf(first, await snapshotOf(lab, host.name));
    expect(changed.some((line) => line.startsWith('/etc/etcd/pki/server.crt: '))).toBe(true);
    expect(await servedSerial()).not.toBe(serial);

    await run('second', 'rollback');
    // etcd's own data goes on.
    expect(await changedSince(first, /^\/var\/lib\/etcd\//, /^\/var\/log\/kubernetes\/audit\//)).toEqual([]);
    expect(await servedSerial()).toBe(serial);
    await run('first', 'verify');
    await run('first', 'status');
    expect(await mustSsh(lab, host.name, `${etcdctl} get --print-value-only kept`)).toBe('yes\n');
  });

  it('rollback of the first install leaves what was there before, and data', async () => {
    await run('first', 'rollback');
    const left = await changedSince(pristine);
    const allowed = [
      // Users who own data stay, and the data with them.
      /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid): /,
      /^\/var\/lib\/etcd(\/|:)/,
      /^\/var\/log\/kubernetes(\/|:)/,
      /^\/var\/lib\/hardway(\/(created|data))?: /,
    ];
    expect(left.filter((line) => !allowed.some((pattern) => pattern.test(line)))).toEqual([]);
    expect(await mustSsh(lab, host.name, 'pgrep -c "etcd|kube" || true')).toBe('0\n');
  });

  it('uninstall takes all away but data, and purge the data too', async () => {
    await run('first', 'install');
    expect(await mustSsh(lab, host.name, `${etcdctl} get --print-value-only kept`)).toBe('yes\n');
    await run('first', 'uninstall --yes');
    const kept = await changedSince(pristine);
    expect(kept.filter((line) => /^\/var\/lib\/etcd\/k8s-etcd\/member\//.test(line))).not.toEqual([]);
    const data = /^\/var\/lib\/(etcd|hardway)(\/|:)|^\/var\/log\/kubernetes(\/|:)/;
    const users = /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid): /;
    expect(kept.filter((line) => !data.test(line) && !users.test(line))).toEqual([]);

    // The data is this cluster's still: a new install goes on with it.
    await run('first', 'install');
    expect(await mustSsh(lab, host.name, `${etcdctl} get --print-value-only kept`)).toBe('yes\n');
    await run('first', 'uninstall --yes --purge-data');
    expect(await changedSince(pristine)).toEqual([]);
    expect(await mustSsh(lab, host.name, 'pgrep -c "etcd|kube" || true')).toBe('0\n');
    expect(await mustSsh(lab, host.name, 'systemctl --failed --no-legend')).toBe('');
  });
});
