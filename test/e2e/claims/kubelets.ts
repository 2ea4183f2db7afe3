/** Kubelets as API servers dial them: the certificate that they serve, and what becomes of another one. */
import { expect, it } from 'vitest';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl } from '../support/kubectl.ts';
import { mustSsh, ssh } from '../support/ssh.ts';

const pki = '/etc/kubernetes/pki';

/** Every kubelet serves a certificate that verifies against the cluster's authority, by address and by name. */
export function servingClaims(cluster: () => Cluster): void {
  it('serves a certificate that the cluster knows, for its address and its name', async () => {
    const { lab, inventory, workers, controlPlanes } = cluster();
    const [controlPlane = ''] = controlPlanes;
    for (const { name, address } of inventory.hosts.filter((host) => workers.includes(host.name)))
      for (const wanted of [`-verify_ip ${address}`, `-verify_hostname ${name}`]) {
        const dial = `openssl s_client -connect ${address}:10250 -CAfile ${pki}/ca.crt -verify_return_error ${wanted}`;
        const { status, stdout } = await ssh(lab, controlPlane, `${dial} </dev/null`);
        expect(stdout, `${name} ${wanted}`).toContain('Verify return code: 0 (ok)');
        expect(stdout).toMatch(new RegExp(`subject=O ?= ?system:nodes, CN ?= ?system:node:${name}`));
        expect(status).toBe(0);
      }
  });
}

/** Who answers for a kubelet with a certificate of another authority is not given a request. */
export function verificationClaims(cluster: () => Cluster, pod: string): void {
  it('is not asked for logs while it serves a certificate of its own making', async () => {
    const { lab, operator, inventory, workers } = cluster();
    const [worker = ''] = workers;
    const address = inventory.hosts.find(({ name }) => name === worker)?.address;
    const own = `openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/O=system:nodes/CN=system:node:${worker}"`;
    const names = `-addext "subjectAltName=DNS:${worker},IP:${address}"`;
    const keep = `cp -a ${pki}/kubelet.crt ${pki}/kubelet.key /root/`;
    const replace = `${own} ${names} -keyout ${pki}/kubelet.key -out ${pki}/kubelet.crt 2>/dev/null`;
    await mustSsh(lab, worker, `set -e; ${keep}; ${replace}; systemctl restart kubelet`);
    await eventually('logs are refused', 30, async () =>
      expect(await refusalOf(kubectl(operator, ['logs', pod]))).toMatch(
        /x509: certificate signed by unknown/,
      ),
    );
    await mustSsh(lab, worker, `mv /root/kubelet.crt /root/kubelet.key ${pki}/; systemctl restart kubelet`);
    await eventually('logs are shown again', 30, () => kubectl(operator, ['logs', pod]));
  });
}

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => '',
    (error: unknown) => String(error),
  );
}
