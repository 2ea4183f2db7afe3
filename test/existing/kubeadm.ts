/** Hosts as kubeadm really leaves them: its phases, run in a folder that is their root. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const program = join(process.env.KUBE_BIN_DIR ?? '/var/cache/kube-binaries/v1.20.2', 'kubeadm');

/** Why the tests cannot run here; undefined: they can. */
export const whyNoKubeadm: string | undefined = (() => {
  if (!existsSync(program)) return `there is no ${program} (KUBE_BIN_DIR names its folder)`;
  const allowed = spawnSync('unshare', ['-r', 'true']);
  return allowed.status === 0 ? undefined : 'a user may not make a namespace of its own (unshare -r)';
})();

const phases = ['certs all', 'kubeconfig all', 'control-plane all', 'etcd local', 'kubelet-start'];

/** Runs the phases of `kubeadm init` for one control plane. */
export function kubeadmInit(
  root: string,
  options: { readonly name: string; readonly address: string },
): void {
  mkdirSync(root, { recursive: true });
  const configuration = join(root, 'kubeadm.yaml');
  writeFileSync(
    configuration,
    `apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: ${options.address} }
nodeRegistration: { name: ${options.name}, criSocket: /run/containerd/containerd.sock }
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v1.20.2
controlPlaneEndpoint: api.example:6443
networking: { podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12 }
`,
  );
  for (const phase of phases) {
    const args = [
      '-r',
      program,
      'init',
      'phase',
      ...phase.split(' '),
      '--config',
      '/kubeadm.yaml',
      '--rootfs',
      root,
    ];
    const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 60_000 });
    if (status !== 0) throw new Error(`kubeadm init phase ${phase}: ${stderr}`);
  }
  rmSync(configuration);
}
