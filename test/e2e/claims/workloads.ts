/** The workers: nodes by the inventory's names, pods on all of them, services between them. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { webContainer } from '../support/image.ts';
import {
  applyObject,
  getObject,
  hasCondition,
  type KubeObject,
  kubectl,
  listObjects,
} from '../support/kubectl.ts';
import { mustSsh } from '../support/ssh.ts';

const labels = { app: 'web' };
// The image's wget crashes at some ports: being linked statically, it has no names of services.
const askWithNc = (address: string): string =>
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${address} 80 | grep ^web-`;

export function workloadClaims(cluster: () => Cluster): void {
  describe('the workers', () => {
    let pods: KubeObject[] = [];
    let service = '';

    beforeAll(async () => {
      const { operator, workers } = cluster();
      await applyObject(operator, deploymentOf(workers.length));
      await applyObject(operator, serviceObject);
      await kubectl(operator, [
        'rollout',
        'status',
        'deployment/web',
        '--timeout=90s',
        '--request-timeout=0',
      ]);
      pods = await listObjects(operator, 'pods', '-l', 'app=web');
      service = String((await getObject(operator, 'service/web')).spec.clusterIP);
    });

    it('are nodes with the names and addresses of the inventory, Ready', async () => {
      const { operator, inventory, workers } = cluster();
      const nodes = await listObjects(operator, 'nodes');
      const seen = nodes.map((node) => ({
        name: node.metadata.name,
        addresses: node.status.addresses,
        isReady: hasCondition(node, 'Ready'),
      }));
      const wanted = inventory.hosts
        .filter(({ name }) => workers.includes(name))
        .map(({ name, address }) => ({
          name,
          addresses: [
            { type: 'InternalIP', address },
            { type: 'Hostname', address: name },
          ],
          isReady: true,
        }));
      expect(seen).toEqual(wanted);
    });

    it('each run a pod of a deployment', () => {
      expect(pods.map(({ spec }) => spec.nodeName).sort()).toEqual([...cluster().workers].sort());
    });

    it('reach each pod of a service through kube-proxy', async () => {
      for (const worker of cluster().workers)
        await allAnswer(worker, (address) =>
          mustSsh(cluster().lab, worker, manyTimes(`curl -sS -m 5 http://${address}/`)),
        );
    });

    it('let pods reach each pod of a service, on other workers too', async () => {
      for (const pod of pods)
        await allAnswer(pod.metadata.name, (address) =>
          execIn(pod, 'sh', '-c', manyTimes(askWithNc(address))),
        );
    });

    it('give logs and run commands', async () => {
      for (const pod of pods) {
        const { name } = pod.metadata;
        expect(await execIn(pod, 'hostname')).toBe(`${name}\n`);
        await execIn(pod, 'sh', '-c', `echo said by ${name} >/proc/1/fd/1`);
        await eventually(`the logs of ${name} show what it wrote`, 15, async () =>
          expect(await kubectl(cluster().operator, ['logs', name])).toContain(`said by ${name}\n`),
        );
      }
    });

    function execIn(pod: KubeObject, ...command: readonly string[]): Promise<string> {
      return kubectl(cluster().operator, ['exec', pod.metadata.name, '--', ...command]);
    }

    /** Asks the service until each of its pods has answered: which one does is chance. */
    async function allAnswer(from: string, ask: (address: string) => Promise<string>): Promise<void> {
      const answers = new Set<string>();
      await eventually(`all pods answer ${from} through the service`, 30, async () => {
        for (const name of (await ask(service)).trim().split('\n')) answers.add(name);
        expect([...answers].sort()).toEqual(pods.map(({ metadata }) => metadata.name).sort());
      });
    }
  });
}

const serviceObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
};

/** A question asked many times, as long as it is answered. */
function manyTimes(question: string): string {
  return `set -e; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do ${question}; done`;
}

/** One pod on each worker. */
function deploymentOf(replicas: number): object {
  const term = { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [webContainer], affinity } },
    },
  };
}
