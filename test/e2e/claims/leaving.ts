/** Workers with running pods: a changed setting is taken back under them, and a node goes and comes again. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { hostState, restarted } from '../support/host-state.ts';
import { webContainer } from '../support/image.ts';
import { renderFor } from '../support/inventory.ts';
import { applyObject, getObject, hasCondition, kubectl } from '../support/kubectl.ts';
import { copyBundle, install, installer, mustSsh, unpack } from '../support/ssh.ts';

/** Volumes of each kind that the kubelet mounts by itself, and where it does. */
const mounted = {
  'a token of its service account': /projected/,
  'an emptyDir in memory': /empty-dir\/memory/,
  'one file of a ConfigMap': /volume-subpaths/,
};

/** Comes after the claims of changes: the first worker's last install was a change. */
export function leavingClaims(cluster: () => Cluster): void {
  describe('a worker with running pods', () => {
    beforeAll(async () => {
      const { operator, workers, lab } = cluster();
      const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'full' }, data: { word: 'x' } };
      await applyObject(operator, config);
      for (const worker of workers) await applyObject(operator, podWithVolumes(worker));
      for (const worker of workers) await untilReady(worker);
      for (const worker of workers)
        for (const [what, path] of Object.entries(mounted))
          expect(await mustSsh(lab, worker, 'cat /proc/mounts'), what).toMatch(path);
    });

    it('gets its former bytes back by a rollback, and the pods go on', async () => {
      const { lab, inventory, operator, workers } = cluster();
      const [worker = ''] = workers;
      const pod = await containersOn(worker);
      const before = await hostState(lab, worker);
      expect(await installer(lab, worker, 'rollback')).toMatchObject({ status: 0 });
      expect(restarted(before, await hostState(lab, worker))).toEqual(['kubelet.service']);
      await copyBundle(lab, worker, renderFor(lab, inventory).out);
      await unpack(lab, worker);
      expect(await installer(lab, worker, 'verify')).toMatchObject({ status: 0 });
      await eventually('the node reports its former number of pods', 60, async () =>
        expect((await getObject(operator, `node/${worker}`)).status.capacity).toMatchObject({ pods: '110' }),
      );
      expect(await containersOn(worker)).toEqual(pod);
      expect(await mustSsh(lab, worker, leftovers)).toMatch(/mount.*projected/);
    });

    it('leaves nothing of them when it is uninstalled, and comes again', async () => {
      const { lab, operator, workers } = cluster();
      const worker = workers.at(-1) ?? '';
      const pod = await containersOn(worker);
      const files = `sed -n 's/^file [^ ]* [^ ]* \\([^ ]*\\) .*/\\1/p; s/^generated //p' /var/lib/hardway/manifest`;
      const paths = (await mustSsh(lab, worker, files)).trim().split('\n');
      expect(paths).toContain('/etc/systemd/system/kubelet.service');

      expect(await installer(lab, worker, 'uninstall --yes')).toMatchObject({ status: 0 });
      expect(await mustSsh(lab, worker, leftovers)).toBe('');
      expect(await mustSsh(lab, worker, `ls -d ${paths.join(' ')} 2>/dev/null || true`)).toBe('');
      // The keys are data; the folder of the pods, sockets and checkpoints are not.
      expect(await mustSsh(lab, worker, 'ls /var/lib/kubelet')).toBe('pki\n');
      const again = await installer(lab, worker, 'uninstall --yes');
      expect(again).toMatchObject({ status: 0, stderr: '' });
      expect(again.stdout).toContain('0 created, 0 changed, 0 removed');

      expect(await install(lab, worker)).toContain('all units are active');
      await eventually('the pod runs anew', 90, async () => {
        const { id, ...rest } = await containersOn(worker);
        expect(id).not.toBe(pod.id);
        expect(rest.isReady).toBe(true);
      });
      await eventually('its node is Ready again', 60, async () => {
        expect(hasCondition(await getObject(operator, `node/${worker}`), 'Ready')).toBe(true);
      });
      const rollout = ['rollout', 'status', 'deployment/web', '--timeout=60s', '--request-timeout=0'];
      expect(await kubectl(operator, rollout)).toContain('successfully rolled out');
    });

    /** The container of the pod on a worker, and whether the pod is Ready. */
    async function containersOn(worker: string) {
      const pod = await getObject(cluster().operator, `pod/full-${worker}`);
      const [status] = pod.status.containerStatuses as { containerID: string; restartCount: number }[];
      return { id: status?.containerID, restarts: status?.restartCount, isReady: hasCondition(pod, 'Ready') };
    }

    function untilReady(worker: string): Promise<void> {
      return eventually(`the pod on ${worker} is Ready`, 60, async () =>
        expect((await containersOn(worker)).isReady).toBe(true),
      );
    }
  });
}

// Mounts, processes, units, packet rules and blocks of the node that are left on a host.
const leftovers = `
  grep ' /var/lib/kubelet/' /proc/mounts | sed 's/^/mount /'
  find /sys/fs/cgroup -path '*kubepods*' -name cgroup.procs -exec cat {} + | sort -u | sed 's/^/process of a pod /'
  pgrep -a '^(kubelet|kube-proxy|httpd|containerd-shim)'
  systemctl list-units --all --plain --no-legend 'kube*.service' | sed 's/^/unit /'
  iptables-save | grep -E '^:KUBE-(SERVICES|NODEPORTS|SVC-|SEP-)' | sed 's/^/rules /'
  grep hardway /etc/hosts
  true`;

function podWithVolumes(worker: string): object {
  const volumes = [
    { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] }, at: '/token' },
    { name: 'disk', emptyDir: {}, at: '/disk' },
    { name: 'memory', emptyDir: { medium: 'Memory' }, at: '/memory' },
    { name: 'config', configMap: { name: 'full' }, at: '/word', subPath: 'word' },
  ];
  const volumeMounts = volumes.map(({ name, at, subPath }) => ({ name, mountPath: at, subPath }));
  const spec = {
    nodeName: worker,
    terminationGracePeriodSeconds: 1,
    containers: [{ ...webContainer, volumeMounts }],
    volumes: volumes.map(({ at, subPath, ...volume }) => volume),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: `full-${worker}` }, spec };
}
