/**
 * What changed from minor to minor for somebody who writes flags, units and configuration by hand.
 * One test for each fact, named after it; the facts come from upstream's flag declarations,
 * reference pages and release notes of 1.20 to 1.37.
 */
import { describe, expect, test } from 'vitest';
import { flagsOf, isAccepted } from '../../src/catalog/flags/flags.ts';
import * as paths from '../../src/catalog/paths.ts';
import { corednsImageOf, releaseOf } from '../../src/catalog/releases.ts';
import { parseVersion } from '../../src/lib/version.ts';
import { type ComponentKey, componentKeys } from '../../src/model/cluster.ts';
import { clusterOf, oneHost, planOf } from '../support/clusters.ts';
import {
  allFlagsAt,
  clusterAt,
  fileIn,
  flagsIn,
  minors,
  minorsFrom,
  said,
  saidToFlag,
  yamlIn,
} from './world.ts';

const kubeletConfig = `${paths.kubeletDir}/config.yaml`;
const proxyConfig = `${paths.kubeProxyDir}/config.yaml`;
const error = /^error: /;

/** From a minor on, the flags are given to no component, and refused in an inventory. */
function areGone(minor: string, key: ComponentKey, ...flags: readonly string[]): void {
  for (const flag of flags) {
    const before = minors[minors.indexOf(minor) - 1];
    if (before !== undefined)
      expect(saidToFlag(before, key, flag).join(), `${flag} in ${before}`).not.toMatch(
        /no longer has|has no flag/,
      );
    for (const later of minorsFrom(minor)) {
      expect(allFlagsAt(later, key).has(flag), `${flag} is given in ${later}`).toBe(false);
      expect(saidToFlag(later, key, flag), `${flag} in ${later}`).toContainEqual(
        expect.stringMatching(error),
      );
    }
  }
}

/** In these minors the binary of the component has the flags. */
function exist(versions: readonly string[], key: ComponentKey, ...flags: readonly string[]): void {
  for (const minor of versions)
    for (const flag of flags) {
      const option = flagsOf(key)[flag];
      expect(option !== undefined && isAccepted(option, minor), `${flag} in ${minor}`).toBe(true);
    }
}

const klogFlags = [
  'logtostderr',
  'alsologtostderr',
  'log-dir',
  'log-file',
  'log-file-max-size',
  'log-backtrace-at',
  'add-dir-header',
  'one-output',
  'skip-headers',
  'skip-log-headers',
  'stderrthreshold',
];

describe('valid in every minor', () => {
  test('kube-apiserver: issuer, signing key, token, front-proxy, etcd and TLS flags', () => {
    exist(
      minors,
      'apiserver',
      ...['service-account-issuer', 'service-account-signing-key-file', 'service-account-key-file'],
      ...['enable-bootstrap-token-auth', 'token-auth-file', 'kubelet-preferred-address-types'],
      ...['requestheader-client-ca-file', 'proxy-client-cert-file', 'proxy-client-key-file'],
      ...['allow-privileged', 'enable-aggregator-routing', 'authorization-mode', 'etcd-servers'],
      ...['tls-cert-file', 'v', 'vmodule', 'anonymous-auth', 'profiling'],
    );
    for (const minor of minors) {
      const flags = flagsIn(clusterAt(minor), 'apiserver');
      expect(flags.get('authorization-mode')).toBe('Node,RBAC');
      expect(flags.get('service-account-issuer')).toMatch(/^https:/);
      expect(flags.get('service-account-signing-key-file')).toMatch(/sa\.key$/);
    }
  });

  test('kube-controller-manager: signing, leader election, bind address and grace period', () => {
    exist(
      minors,
      'controllerManager',
      ...['cluster-signing-cert-file', 'cluster-signing-key-file', 'cluster-signing-duration'],
      ...['horizontal-pod-autoscaler-sync-period', 'node-monitor-grace-period', 'root-ca-file'],
      ...[
        'use-service-account-credentials',
        'bind-address',
        'secure-port',
        'leader-elect',
        'concurrent_rc_syncs',
      ],
    );
  });

  test('kubelet: kubeconfigs, configuration, names, labels and addresses', () => {
    exist(
      minors,
      'kubelet',
      ...['bootstrap-kubeconfig', 'kubeconfig', 'config', 'cert-dir', 'root-dir', 'hostname-override'],
      ...['node-labels', 'register-with-taints', 'container-runtime-endpoint', 'node-ip'],
    );
  });

  test('kube-proxy: configuration, name, pod network and mode', () => {
    exist(minors, 'proxy', 'config', 'hostname-override', 'cluster-cidr', 'proxy-mode');
  });
});

describe('before 1.20', () => {
  test('kubelet --allow-privileged and --cadvisor-port are unknown', () => {
    for (const flag of ['allow-privileged', 'cadvisor-port'])
      expect(saidToFlag('1.20', 'kubelet', flag)).toContainEqual(expect.stringMatching(/^error: .*no flag/));
  });

  test('kube-apiserver --insecure-port, --port and the like have no effect and are not given', () => {
    for (const flag of ['insecure-port', 'port', 'insecure-bind-address', 'address'])
      expect(allFlagsAt('1.20', 'apiserver').has(flag)).toBe(false);
  });

  test('--leader-elect-resource-lock=endpoints is not given: leases are the default', () => {
    for (const key of ['controllerManager', 'scheduler'] as const)
      for (const minor of minors)
        expect(allFlagsAt(minor, key).has('leader-elect-resource-lock')).toBe(false);
  });

  test('underscore spellings are refused, hyphens are given', () => {
    expect(saidToFlag('1.20', 'apiserver', 'max_requests_inflight')).toContainEqual(
      expect.stringMatching(error),
    );
    for (const key of componentKeys)
      for (const minor of minors) expect([...allFlagsAt(minor, key)].join()).not.toContain('_');
  });

  test('nf_conntrack_ipv4 is asked of the kernel, never guessed from a version', async () => {
    const cluster = clusterAt('1.20');
    const module = planOf(cluster).modules.find(({ name }) => name === 'nf_conntrack_ipv4');
    expect(module?.need).toBe('optional');
    expect(planOf(cluster).modules).toContainEqual({ name: 'nf_conntrack', need: 'required' });
    expect(await fileIn(cluster, paths.modulesFile)).not.toContain('nf_conntrack_ipv4');
  });
});

describe('1.21', () => {
  test('kube-proxy --cleanup-ipvs and kubelet --enable-cadvisor-json-endpoints are gone', () => {
    areGone('1.21', 'proxy', 'cleanup-ipvs');
    areGone('1.21', 'kubelet', 'enable-cadvisor-json-endpoints');
  });

  test('bound service-account tokens: issuer and signing key belong together', () => {
    for (const minor of minors) {
      const flags = flagsIn(clusterAt(minor), 'apiserver');
      const signing = flags.get('service-account-signing-key-file') ?? '';
      expect(flags.get('service-account-key-file')).toBe(signing.replace(/key$/, 'pub'));
      expect(flagsIn(clusterAt(minor), 'controllerManager').get('service-account-private-key-file')).toBe(
        signing,
      );
    }
  });

  test('kube-controller-manager accepts --concurrent-rc-syncs as well', () => {
    expect(saidToFlag('1.20', 'controllerManager', 'concurrent-rc-syncs')).toContainEqual(
      expect.stringMatching(error),
    );
    expect(saidToFlag('1.21', 'controllerManager', 'concurrent-rc-syncs').join()).not.toMatch(error);
  });

  test('dual-stack needs no feature gate any more', () => {
    const networks =
      'network: { serviceCIDR: [10.96.0.0/12, "fd00:96::/112"], podCIDR: [10.244.0.0/16, "fd00:244::/56"] }';
    const host =
      'hosts: [{ name: a, addresses: [192.0.2.1, "2001:db8::1"], roles: [etcd, control-plane, worker] }]';
    const gates = (minor: string) =>
      componentKeys
        .filter((key) => key !== 'proxy' && key !== 'kubelet')
        .map((key) =>
          flagsIn(clusterOf(`kubernetes: { version: "${minor}" }`, networks, host), key).get('feature-gates'),
        );
    expect(new Set(gates('1.20'))).toEqual(new Set(['IPv6DualStack=true']));
    expect(new Set(gates('1.21'))).toEqual(new Set([undefined]));
  });
});

describe('1.22', () => {
  test('kube-apiserver --ssh-user, --ssh-keyfile and --kubelet-https are gone', () => {
    areGone('1.22', 'apiserver', 'ssh-user', 'ssh-keyfile', 'kubelet-https');
  });

  test('kube-scheduler --algorithm-provider, --scheduler-name, --hard-pod-affinity-symmetric-weight are gone', () => {
    areGone(
      '1.22',
      'scheduler',
      'algorithm-provider',
      'scheduler-name',
      'hard-pod-affinity-symmetric-weight',
    );
  });

  test('kube-controller-manager --horizontal-pod-autoscaler-use-rest-clients is gone', () => {
    areGone('1.22', 'controllerManager', 'horizontal-pod-autoscaler-use-rest-clients');
  });

  test('kubelet --chaos-chance and --redirect-container-streaming are gone', () => {
    areGone('1.22', 'kubelet', 'chaos-chance', 'redirect-container-streaming');
  });

  test('beta APIs are gone: manifests use v1', async () => {
    for (const minor of minors) {
      const cluster = clusterAt(minor);
      for (const name of ['10-rbac', '20-flannel', '30-coredns'])
        expect(await fileIn(cluster, `${paths.addonsDir}/${name}.yaml`)).not.toMatch(
          /^apiVersion: .*(alpha|beta)/m,
        );
    }
  });

  test('etcd 3.5, and never 3.5.0 to 3.5.2, which corrupt data', () => {
    for (const minor of minorsFrom('1.22', '1.34')) {
      const etcd = parseVersion(releaseOf(minor).etcd);
      expect(etcd?.minor).toBe('3.5');
      expect(etcd?.patch).toBeGreaterThanOrEqual(3);
    }
  });
});

describe('1.23', () => {
  test('klog flags are deprecated: none is given any more', () => {
    expect(flagsIn(clusterAt('1.22'), 'apiserver').get('logtostderr')).toBe('true');
    for (const key of componentKeys) {
      const given = allFlagsAt('1.23', key);
      expect(klogFlags.filter((flag) => given.has(flag))).toEqual([]);
      expect(saidToFlag('1.23', key, 'log-dir')).toContainEqual(
        expect.stringMatching(/^warning: .*deprecated/),
      );
    }
  });

  test('ports without TLS are closed by --port=0 while they exist, below 1.23', () => {
    for (const key of ['controllerManager', 'scheduler'] as const) {
      for (const minor of minorsFrom('1.20', '1.23'))
        expect(flagsIn(clusterAt(minor), key).get('port')).toBe('0');
      for (const minor of minorsFrom('1.23')) expect(flagsIn(clusterAt(minor), key).has('port')).toBe(false);
    }
  });

  test('kube-scheduler policy flags are gone', () => {
    const flags = [
      'policy-config-file',
      'policy-configmap',
      'policy-configmap-namespace',
      'use-legacy-policy-config',
    ];
    areGone('1.23', 'scheduler', ...flags);
  });

  test('kubelet --experimental-bootstrap-kubeconfig and --seccomp-profile-root are gone', () => {
    areGone('1.23', 'kubelet', 'experimental-bootstrap-kubeconfig', 'seccomp-profile-root');
  });
});

describe('1.24, without dockershim', () => {
  test('kube-apiserver --insecure-port and the like are gone', () => {
    areGone(
      '1.24',
      'apiserver',
      'insecure-port',
      'port',
      'insecure-bind-address',
      'address',
      'target-ram-mb',
    );
    areGone('1.24', 'apiserver', 'deserialization-cache-size', 'enable-swagger-ui');
    areGone('1.24', 'apiserver', 'experimental-encryption-provider-config');
  });

  test('kube-controller-manager and kube-scheduler --port and --address are gone', () => {
    areGone('1.24', 'controllerManager', 'port', 'address', 'deployment-controller-sync-period');
    areGone('1.24', 'scheduler', 'port', 'address');
  });

  test('--experimental-logging-sanitization is gone everywhere', () => {
    for (const key of ['apiserver', 'controllerManager', 'scheduler', 'kubelet'] as const)
      areGone('1.24', key, 'experimental-logging-sanitization');
  });

  test('kubelet --network-plugin, --cni-*, --docker* are gone', () => {
    areGone(
      '1.24',
      'kubelet',
      'network-plugin',
      'network-plugin-mtu',
      'cni-bin-dir',
      'cni-conf-dir',
      'cni-cache-dir',
    );
    areGone('1.24', 'kubelet', 'docker-endpoint', 'image-pull-progress-deadline', 'non-masquerade-cidr');
    areGone('1.24', 'kubelet', 'dynamic-config-dir', 'experimental-dockershim-root-directory');
  });

  test('CNI paths stand in the configuration of the runtime', async () => {
    for (const minor of minors) {
      const config = await fileIn(clusterAt(minor), '/etc/containerd/config.toml');
      expect(config).toContain('bin_dir = "/opt/cni/bin"');
      expect(config).toContain('conf_dir = "/etc/cni/net.d"');
    }
  });

  test('Docker is reached through cri-dockerd', () => {
    const runtime = 'runtime: { type: docker }';
    expect(flagsIn(clusterAt('1.23', runtime), 'kubelet').get('network-plugin')).toBe('cni');
    for (const minor of minorsFrom('1.24')) {
      const plan = planOf(clusterAt(minor, runtime));
      expect(plan.units.map(({ name }) => name)).toContain('cri-dockerd.service');
    }
  });

  test('kubelet --container-runtime accepts remote only, and is not given', () => {
    expect(flagsIn(clusterAt('1.23'), 'kubelet').get('container-runtime')).toBe('remote');
    for (const minor of minorsFrom('1.24'))
      expect(allFlagsAt(minor, 'kubelet').has('container-runtime')).toBe(false);
  });

  test('kubelet --container-runtime-endpoint is given wherever it is the only way', () => {
    for (const minor of minorsFrom('1.20', '1.27'))
      expect(flagsIn(clusterAt(minor), 'kubelet').get('container-runtime-endpoint')).toBe(
        'unix:///run/containerd/containerd.sock',
      );
  });

  test('the sandbox image stands in the configuration of containerd', async () => {
    for (const minor of minors)
      expect(await fileIn(clusterAt(minor), '/etc/containerd/config.toml')).toContain(
        `sandbox_image = "registry.k8s.io/pause:${releaseOf(minor).pause}"`,
      );
  });

  test('the label node-role.kubernetes.io/master is gone: control planes are .../control-plane only', async () => {
    for (const minor of minors) {
      const text = await fileIn(clusterAt(minor), paths.nodeLabels);
      const names = [...(text ?? '').matchAll(/^a node-role\.kubernetes\.io\/(\S+)=$/gm)].map(
        ([, name]) => name,
      );
      const wanted = minorsFrom('1.24').includes(minor) ? ['control-plane'] : ['control-plane', 'master'];
      expect(names, minor).toEqual([...wanted, 'worker']);
    }
  });

  test('no token Secret for new ServiceAccounts: addons use projected tokens', async () => {
    for (const name of ['20-flannel', '30-coredns'])
      expect(await fileIn(clusterAt('1.24'), `${paths.addonsDir}/${name}.yaml`)).not.toMatch(
        /kind: Secret|secretName/,
      );
  });
});

describe('1.25', () => {
  test('PodSecurityPolicy is gone: from 1.23 on no plugin list and no manifest names it', async () => {
    for (const minor of minorsFrom('1.23')) {
      const cluster = clusterAt(minor);
      expect(flagsIn(cluster, 'apiserver').get('enable-admission-plugins')).toBe(
        'NodeRestriction,EventRateLimit,DenyServiceExternalIPs',
      );
      expect(planOf(cluster).files.map(({ path }) => path)).not.toContain(
        `${paths.addonsDir}/15-pod-security-policy.yaml`,
      );
      expect(await fileIn(cluster, `${paths.addonsDir}/20-flannel.yaml`)).not.toContain('hardway:psp');
    }
  });

  test('kube-controller-manager --experimental-cluster-signing-duration and others are gone', () => {
    areGone('1.25', 'controllerManager', 'experimental-cluster-signing-duration', 'register-retry-count');
    areGone('1.25', 'controllerManager', 'deleting-pods-qps', 'deleting-pods-burst');
    for (const minor of minors)
      expect(flagsIn(clusterAt(minor), 'controllerManager').get('cluster-signing-duration')).toBe('8760h');
  });

  test('kube-apiserver --service-account-api-audiences is gone', () => {
    areGone('1.25', 'apiserver', 'service-account-api-audiences');
  });

  test('kubelet --experimental-kernel-memcg-notification is gone', () => {
    areGone('1.25', 'kubelet', 'experimental-kernel-memcg-notification');
  });

  test('images come from registry.k8s.io', () => {
    for (const minor of minors) {
      expect(corednsImageOf(minor)).toMatch(/^registry\.k8s\.io\//);
      expect(clusterAt(minor).runtime.sandboxImage).toMatch(/^registry\.k8s\.io\//);
    }
  });

  test('the taint node-role.kubernetes.io/master is gone: the DNS of the cluster tolerates .../control-plane only', async () => {
    for (const minor of minors) {
      const text = await fileIn(clusterAt(minor), `${paths.addonsDir}/30-coredns.yaml`);
      const tolerated = [
        ...(text ?? '').matchAll(/- key: node-role\.kubernetes\.io\/(\S+)\n +effect: NoSchedule/g),
      ];
      const wanted = minorsFrom('1.25').includes(minor) ? ['control-plane'] : ['control-plane', 'master'];
      expect(
        tolerated.map(([, name]) => name),
        minor,
      ).toEqual(wanted);
    }
  });
});

describe('1.26', () => {
  test('klog flags are gone everywhere', () => {
    for (const key of componentKeys) areGone('1.26', key, ...klogFlags);
  });

  test('CRI v1 only: containerd 1.6.15 or newer', () => {
    expect(releaseOf('1.25').containerd).toBe('1.4.0');
    for (const minor of minorsFrom('1.26')) expect(releaseOf(minor).containerd).toBe('1.6.15');
  });

  test('kube-proxy --udp-timeout and udpIdleTimeout are gone', async () => {
    areGone('1.26', 'proxy', 'udp-timeout');
    for (const minor of minors)
      expect(await yamlIn(clusterAt(minor), proxyConfig)).not.toHaveProperty('udpIdleTimeout');
    expect(said('1.26', 'components: { proxy: { config: { udpIdleTimeout: 250ms } } }')).toContainEqual(
      expect.stringMatching(error),
    );
  });

  test('the kubelet does not start without an endpoint: it is given in every version', async () => {
    for (const minor of minors) {
      const cluster = clusterAt(minor);
      const flag = flagsIn(cluster, 'kubelet').get('container-runtime-endpoint');
      const field = (await yamlIn(cluster, kubeletConfig)).containerRuntimeEndpoint;
      expect([flag, field].filter((value) => value !== undefined)).toEqual([
        'unix:///run/containerd/containerd.sock',
      ]);
    }
  });

  test('kube-apiserver --identity-lease-* are gone', () => {
    areGone('1.26', 'apiserver', 'identity-lease-duration-seconds', 'identity-lease-renew-interval-seconds');
  });
});

describe('1.27', () => {
  test('kubelet --container-runtime and --master-service-namespace are gone', () => {
    areGone('1.27', 'kubelet', 'container-runtime', 'master-service-namespace');
    areGone('1.27', 'apiserver', 'master-service-namespace');
  });

  test('containerRuntimeEndpoint is a field of the configuration, and replaces the flag', async () => {
    for (const minor of minorsFrom('1.27')) {
      const fields = await yamlIn(clusterAt(minor), kubeletConfig);
      expect(fields.containerRuntimeEndpoint).toBe('unix:///run/containerd/containerd.sock');
      expect(allFlagsAt(minor, 'kubelet').has('container-runtime-endpoint')).toBe(false);
    }
  });

  test('kube-controller-manager --pod-eviction-timeout and --enable-taint-manager are gone', () => {
    areGone('1.27', 'controllerManager', 'pod-eviction-timeout', 'enable-taint-manager');
  });
});

describe('1.28', () => {
  test('kube-scheduler --lock-object-name and --lock-object-namespace are gone', () => {
    areGone('1.28', 'scheduler', 'lock-object-name', 'lock-object-namespace');
  });

  test('iptables bits of the kubelet are deprecated, and not set any more', async () => {
    expect(await yamlIn(clusterAt('1.27'), kubeletConfig)).toHaveProperty('iptablesMasqueradeBit');
    for (const minor of minorsFrom('1.28'))
      expect(await yamlIn(clusterAt(minor), kubeletConfig)).not.toHaveProperty('iptablesMasqueradeBit');
  });

  test('kubelet gains --config-dir, kube-proxy --logging-format', () => {
    expect(saidToFlag('1.27', 'kubelet', 'config-dir', '/etc/x')).toContainEqual(
      expect.stringMatching(error),
    );
    exist(minorsFrom('1.28'), 'kubelet', 'config-dir');
    exist(minorsFrom('1.28'), 'proxy', 'logging-format');
  });
});

describe('1.29', () => {
  test('kube-proxy --proxy-port-range is gone', () => {
    areGone('1.29', 'proxy', 'proxy-port-range');
  });

  test('nftables is alpha: it needs NFTablesProxyMode', () => {
    const nftables = 'network: { proxy: { mode: nftables } }';
    const gated = 'kubernetes: { version: "1.29", featureGates: { NFTablesProxyMode: true } }';
    expect(said('1.28', nftables)).toContainEqual(expect.stringMatching(error));
    expect(said('1.29', nftables)).toContainEqual(expect.stringMatching(/^error: .*NFTablesProxyMode/));
    expect(clusterOf(gated, nftables, oneHost).network.proxy.mode).toBe('nftables');
    expect(said('1.31', nftables)).toEqual(said('1.31'));
  });

  test('kube-apiserver --cloud-provider is deprecated', () => {
    expect(saidToFlag('1.29', 'apiserver', 'cloud-provider', 'external')).toContainEqual(
      expect.stringMatching(/^warning: .*deprecated/),
    );
  });
});

describe('1.30', () => {
  test('kubelet --azure-container-registry-config is gone', () => {
    areGone('1.30', 'kubelet', 'azure-container-registry-config');
  });

  test('--authentication-config excludes --anonymous-auth and --oidc-*: only one of them is given', () => {
    for (const minor of minors) {
      for (const flag of ['anonymous-auth: "false"', 'oidc-issuer-url: https://x.example']) {
        const flags = flagsIn(
          clusterAt(minor, `components: { apiserver: { args: { ${flag} } } }`),
          'apiserver',
        );
        expect(flags.has('authentication-config')).toBe(false);
      }
      const flags = flagsIn(clusterAt(minor), 'apiserver');
      expect(flags.has('authentication-config') && flags.has('anonymous-auth')).toBe(false);
    }
  });

  test('anonymous requests reach health checks only, where the version can limit them (1.32)', async () => {
    const path = paths.authenticationConfig;
    expect(await fileIn(clusterAt('1.31'), path)).toBeUndefined();
    for (const [minor, apiVersion] of [
      ['1.32', 'apiserver.config.k8s.io/v1beta1'],
      ['1.33', 'apiserver.config.k8s.io/v1beta1'],
      ['1.34', 'apiserver.config.k8s.io/v1'],
      ['1.36', 'apiserver.config.k8s.io/v1'],
    ] as const) {
      expect(flagsIn(clusterAt(minor), 'apiserver').get('authentication-config')).toBe(path);
      expect(await yamlIn(clusterAt(minor), path)).toEqual({
        apiVersion,
        kind: 'AuthenticationConfiguration',
        anonymous: {
          enabled: true,
          conditions: [{ path: '/healthz' }, { path: '/livez' }, { path: '/readyz' }],
        },
      });
    }
  });
});

describe('1.31', () => {
  test('kubelet --keep-terminated-pod-volumes and the iptables bits are gone', () => {
    areGone('1.31', 'kubelet', 'keep-terminated-pod-volumes', 'iptables-masquerade-bit', 'iptables-drop-bit');
  });

  test('kube-controller-manager autoscaler delays and volume-host flags are gone', () => {
    areGone(
      '1.31',
      'controllerManager',
      'horizontal-pod-autoscaler-upscale-delay',
      'volume-host-cidr-denylist',
    );
    areGone('1.31', 'controllerManager', 'horizontal-pod-autoscaler-downscale-delay');
    areGone('1.31', 'controllerManager', 'volume-host-allow-local-loopback');
  });

  test('--cloud-provider-gce-* are gone', () => {
    areGone('1.31', 'apiserver', 'cloud-provider-gce-l7lb-src-cidrs', 'cloud-provider-gce-lb-src-cidrs');
  });

  test('failCgroupV1 is a field, false by default', () => {
    expect(planOf(clusterAt('1.31')).requiresCgroupV2).toBe(false);
    const strict = 'components: { kubelet: { config: { failCgroupV1: true } } }';
    expect(planOf(clusterAt('1.31', strict)).requiresCgroupV2).toBe(true);
    expect(said('1.30', strict)).toContainEqual(expect.stringMatching(error));
  });
});

test('1.32: the default of node-monitor-grace-period goes from 40s to 50s', () => {
  const period = (minor: string) =>
    flagsIn(clusterAt(minor), 'controllerManager').get('node-monitor-grace-period');
  expect([period('1.31'), period('1.32')]).toEqual(['40s', '50s']);
});

describe('1.33', () => {
  test('kube-apiserver --cloud-provider and --cloud-config are gone', () => {
    areGone('1.33', 'apiserver', 'cloud-provider', 'cloud-config');
  });

  test('nftables is generally available, and the default from here on', async () => {
    expect((await yamlIn(clusterAt('1.32'), proxyConfig)).mode).toBe('ipvs');
    for (const minor of minorsFrom('1.33')) {
      expect((await yamlIn(clusterAt(minor), proxyConfig)).mode).toBe('nftables');
      expect(planOf(clusterAt(minor)).commands.map(({ name }) => name)).toContain('nft');
    }
  });

  test('the gates DisableCloudProviders, CPUManager, KubeProxyDrainingTerminatingNodes are gone', () => {
    for (const gate of ['DisableCloudProviders', 'CPUManager', 'KubeProxyDrainingTerminatingNodes']) {
      const text = (minor: string) => `kubernetes: { version: "${minor}", featureGates: { ${gate}: true } }`;
      expect(() =>
        clusterOf(text('1.32'), 'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane] }]'),
      ).not.toThrow();
      expect(() =>
        clusterOf(text('1.33'), 'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane] }]'),
      ).toThrow(gate);
    }
  });
});

describe('1.34', () => {
  test('etcd 3.6; before it at least 3.5.24', () => {
    expect(releaseOf('1.33').etcd).toBe('3.5.24');
    for (const minor of minorsFrom('1.34', '1.37'))
      expect(parseVersion(releaseOf(minor).etcd)?.minor).toBe('3.6');
  });

  test('kubelet --cloud-config and --register-schedulable are gone', () => {
    areGone('1.34', 'kubelet', 'cloud-config', 'register-schedulable');
  });

  test('streamingConnectionIdleTimeout is deprecated, and not set any more', async () => {
    expect(await yamlIn(clusterAt('1.33'), kubeletConfig)).toHaveProperty('streamingConnectionIdleTimeout');
    expect(await yamlIn(clusterAt('1.34'), kubeletConfig)).not.toHaveProperty(
      'streamingConnectionIdleTimeout',
    );
  });
});

describe('1.35', () => {
  test('kubelet --pod-infra-container-image is gone', () => {
    expect(allFlagsAt('1.34', 'kubelet').has('pod-infra-container-image')).toBe(true);
    areGone('1.35', 'kubelet', 'pod-infra-container-image');
  });

  test('hosts with cgroup v1 are refused unless failCgroupV1 is false', () => {
    expect(planOf(clusterAt('1.34')).requiresCgroupV2).toBe(false);
    for (const minor of minorsFrom('1.35')) {
      expect(planOf(clusterAt(minor)).requiresCgroupV2).toBe(true);
      for (const setting of ['config: { failCgroupV1: false }', 'args: { fail-cgroupv1: "false" }'])
        expect(planOf(clusterAt(minor, `components: { kubelet: { ${setting} } }`)).requiresCgroupV2).toBe(
          false,
        );
    }
  });

  test('kube-proxy calls ipvs deprecated: a warning', () => {
    const ipvs = 'network: { proxy: { mode: ipvs } }';
    expect(said('1.34', ipvs).join()).not.toContain('deprecated');
    expect(said('1.35', ipvs)).toContainEqual(expect.stringMatching(/^warning: .*ipvs deprecated/));
  });
});

describe('1.36', () => {
  test('--tls-curve-preferences and --concurrent-resourceclaim-syncs are new', () => {
    expect(saidToFlag('1.35', 'apiserver', 'tls-curve-preferences')).toContainEqual(
      expect.stringMatching(error),
    );
    exist(['1.36'], 'apiserver', 'tls-curve-preferences');
    exist(['1.36'], 'controllerManager', 'concurrent-resourceclaim-syncs');
  });

  test('etcd 3.6.8 and pause 3.10.2', () => {
    expect(releaseOf('1.36')).toMatchObject({ etcd: '3.6.8', pause: '3.10.2' });
  });

  test('the gates StructuredAuthorizationConfiguration and MemoryManager are gone', () => {
    for (const gate of ['StructuredAuthorizationConfiguration', 'MemoryManager'])
      expect(() =>
        clusterOf(
          `kubernetes: { version: "1.36", featureGates: { ${gate}: true } }`,
          'hosts: [{ name: a, address: 192.0.2.1, roles: [etcd, control-plane] }]',
        ),
      ).toThrow(gate);
  });
});

test('1.37: etcd 3.7, and a warning that only its beta is known', () => {
  expect(parseVersion(releaseOf('1.37').etcd)?.minor).toBe('3.7');
  expect(said('1.37')).toContainEqual(expect.stringMatching(/^warning: .*only a beta/));
});
