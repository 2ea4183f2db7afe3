/**
 * The daemons: binary, unit, user, environment file and default flags. A flag's
 * value is text in which `{name}` stands for a fact about the cluster or the host
 * (see plan/facts.ts); `when` names a fact that must be true for the flag to be
 * there at all. A row ends by itself where the version's binary has no such flag, or
 * calls it deprecated (flags/flags.json). Variables are those of the reference guide; flags without one of
 * their own go into the component's ARGS variable, one per line.
 */
import type { ComponentKey, Role } from '../model/cluster.ts';
import * as paths from './paths.ts';

export interface FlagRow {
  readonly flag: string;
  readonly value: string;
  readonly variable?: string;
  readonly when?: string;
  readonly why?: string;
  /** The first minor that does not get it, where that is before its deprecation. */
  readonly until?: string;
  /** Stays while the binary calls it deprecated, and why: elsewhere that ends a row. */
  readonly staysDeprecated?: string;
}

export interface ComponentRow {
  readonly name: string;
  /** Key below `components` in the inventory. */
  readonly key: ComponentKey;
  readonly role: Role;
  readonly unit: string;
  readonly envFile: string;
  /** Template of the environment file. */
  readonly envTemplate: string;
  readonly argsVariable: string;
  /** Variables in the order of the unit's command line. */
  readonly variables: readonly string[];
  readonly flags: readonly FlagRow[];
}

/** Variables of /etc/kubernetes/config, which all components share. */
export const sharedVariables = ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBE_ALLOW_PRIV'] as const;

const logFlags: readonly FlagRow[] = [
  {
    flag: 'logtostderr',
    value: 'true',
    variable: 'KUBE_LOGTOSTDERR',
    why: 'the journal keeps the log; the default from the minor on that deprecates it',
  },
  { flag: 'v', value: '{logLevel}', variable: 'KUBE_LOG_LEVEL' },
];

/**
 * Forward secrecy and authenticated encryption only: what is left of Go's suites for TLS 1.2, by
 * Go's names. Those of TLS 1.3 cannot be chosen.
 */
const strongSuites = ['ECDSA', 'RSA']
  .flatMap((key) =>
    ['AES_128_GCM_SHA256', 'AES_256_GCM_SHA384', 'CHACHA20_POLY1305_SHA256'].map(
      (suite) => `TLS_ECDHE_${key}_WITH_${suite}`,
    ),
  )
  .join(',');
const tlsFlags: readonly FlagRow[] = [
  { flag: 'tls-min-version', value: 'VersionTLS12' },
  { flag: 'tls-cipher-suites', value: strongSuites },
];

const pki = paths.kubernetesPki;
const noSchedulerFile =
  'its successor is a field of a file whose apiVersion changes from minor to minor, and the flag works in all';

export const components: readonly ComponentRow[] = [
  {
    name: 'kube-apiserver',
    key: 'apiserver',
    role: 'control-plane',
    unit: 'kube-apiserver.service',
    envFile: `${paths.kubernetesDir}/apiserver`,
    envTemplate: 'etc/kubernetes/apiserver.hbs',
    argsVariable: 'KUBE_API_ARGS',
    variables: [
      'KUBE_LOGTOSTDERR',
      'KUBE_LOG_LEVEL',
      'KUBE_ETCD_SERVERS',
      'KUBE_API_ADDRESS',
      'KUBE_API_PORT',
      'KUBE_ALLOW_PRIV',
      'KUBE_SERVICE_ADDRESSES',
      'KUBE_ADMISSION_CONTROL',
      'KUBE_API_ARGS',
    ],
    flags: [
      ...logFlags,
      {
        flag: 'allow-privileged',
        value: 'true',
        variable: 'KUBE_ALLOW_PRIV',
        why: 'network plugins and kube-proxy pods need it',
      },
      {
        flag: 'advertise-address',
        value: '{address}',
        variable: 'KUBE_API_ADDRESS',
        why: 'the inventory decides, not the default route (kubernetes/kubernetes#44702)',
      },
      { flag: 'bind-address', value: '{anyAddress}', variable: 'KUBE_API_ADDRESS' },
      { flag: 'secure-port', value: '{apiServerPort}', variable: 'KUBE_API_PORT' },
      {
        flag: 'etcd-servers',
        value: '{etcdServerUrls}',
        variable: 'KUBE_ETCD_SERVERS',
        why: 'on a host of etcd its own member alone: a member without power keeps no other API server waiting',
      },
      { flag: 'service-cluster-ip-range', value: '{serviceCIDR}', variable: 'KUBE_SERVICE_ADDRESSES' },
      { flag: 'enable-admission-plugins', value: '{admissionPlugins}', variable: 'KUBE_ADMISSION_CONTROL' },
      { flag: 'admission-control-config-file', value: paths.admissionConfig },
      { flag: 'authorization-mode', value: 'Node,RBAC' },
      { flag: 'client-ca-file', value: `${pki}/ca.crt` },
      { flag: 'enable-bootstrap-token-auth', value: 'true', when: 'bootstrapsWithToken' },
      { flag: 'token-auth-file', value: paths.tokenFile, when: 'bootstrapsWithTokenFile' },
      { flag: 'etcd-cafile', value: `${pki}/etcd/ca.crt` },
      { flag: 'etcd-certfile', value: `${pki}/apiserver-etcd-client.crt` },
      { flag: 'etcd-keyfile', value: `${pki}/apiserver-etcd-client.key` },
      { flag: 'kubelet-client-certificate', value: `${pki}/apiserver-kubelet-client.crt` },
      { flag: 'kubelet-client-key', value: `${pki}/apiserver-kubelet-client.key` },
      {
        flag: 'kubelet-certificate-authority',
        value: `${pki}/ca.crt`,
        why: 'unverified, whoever sits between the two reads logs and exec, with the tokens in them',
      },
      {
        flag: 'kubelet-preferred-address-types',
        value: 'InternalIP,ExternalIP,Hostname',
        why: 'no name service is needed for logs and exec; all three stand in the certificate of the kubelet',
      },
      { flag: 'proxy-client-cert-file', value: `${pki}/front-proxy-client.crt` },
      { flag: 'proxy-client-key-file', value: `${pki}/front-proxy-client.key` },
      { flag: 'requestheader-allowed-names', value: 'front-proxy-client' },
      { flag: 'requestheader-client-ca-file', value: `${pki}/front-proxy-ca.crt` },
      { flag: 'requestheader-extra-headers-prefix', value: 'X-Remote-Extra-' },
      { flag: 'requestheader-group-headers', value: 'X-Remote-Group' },
      { flag: 'requestheader-username-headers', value: 'X-Remote-User' },
      { flag: 'service-account-key-file', value: `${pki}/sa.pub` },
      { flag: 'service-account-signing-key-file', value: `${pki}/sa.key` },
      {
        flag: 'service-account-issuer',
        value: 'https://kubernetes.default.svc.{dnsDomain}',
        why: 'issuer discovery wants an https URL (RFC 8414); the guide has the word api',
      },
      {
        flag: 'service-account-extend-token-expiration',
        value: 'false',
        why: 'a token of an hour is not good for a year; clients have read theirs anew since 2019',
      },
      { flag: 'service-node-port-range', value: '{nodePortRange}' },
      {
        flag: 'enable-aggregator-routing',
        value: 'true',
        why: 'control planes run no kube-proxy, so service addresses lead nowhere there',
      },
      { flag: 'tls-cert-file', value: `${pki}/apiserver.crt` },
      { flag: 'tls-private-key-file', value: `${pki}/apiserver.key` },
      ...tlsFlags,
      {
        flag: 'anonymous-auth',
        value: 'false',
        when: 'refusesAnonymous',
        why: 'load balancers ask for health without a credential; where there is none, nobody has to',
      },
      { flag: 'authentication-config', value: paths.authenticationConfig, when: 'limitsAnonymous' },
      { flag: 'encryption-provider-config', value: paths.encryptionConfig, when: 'encryptsAtRest' },
      { flag: 'audit-policy-file', value: paths.auditPolicy, when: 'audits' },
      { flag: 'audit-log-path', value: `${paths.auditLogDir}/audit.log`, when: 'audits' },
      { flag: 'audit-log-maxage', value: '30', when: 'audits' },
      { flag: 'audit-log-maxbackup', value: '10', when: 'audits' },
      { flag: 'audit-log-maxsize', value: '100', when: 'audits' },
      { flag: 'profiling', value: 'false' },
      {
        flag: 'enable-logs-handler',
        value: 'false',
        until: '1.31',
        staysDeprecated:
          'nothing else closes /logs, which shows /var/log of the host and is shut from 1.31 on',
      },
      { flag: 'feature-gates', value: '{featureGates}', when: 'hasFeatureGates' },
    ],
  },
  {
    name: 'kube-controller-manager',
    key: 'controllerManager',
    role: 'control-plane',
    unit: 'kube-controller-manager.service',
    envFile: `${paths.kubernetesDir}/controller-manager`,
    envTemplate: 'etc/kubernetes/controller-manager.hbs',
    argsVariable: 'KUBE_CONTROLLER_MANAGER_ARGS',
    variables: ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBE_CONTROLLER_MANAGER_ARGS'],
    flags: [
      ...logFlags,
      { flag: 'bind-address', value: '127.0.0.1' },
      {
        flag: 'port',
        value: '0',
        until: '1.23',
        staysDeprecated: 'nothing else closes the port without TLS, which has no effect from 1.23 on',
      },
      { flag: 'allocate-node-cidrs', value: 'true' },
      { flag: 'service-cluster-ip-range', value: '{serviceCIDR}' },
      { flag: 'cluster-cidr', value: '{podCIDR}' },
      { flag: 'cluster-name', value: '{clusterName}' },
      { flag: 'node-cidr-mask-size', value: '{nodeCIDRMaskSize}', when: 'isSingleStack' },
      { flag: 'node-cidr-mask-size-ipv4', value: '{nodeCIDRMaskSizeIPv4}', when: 'isDualStack' },
      { flag: 'node-cidr-mask-size-ipv6', value: '{nodeCIDRMaskSizeIPv6}', when: 'isDualStack' },
      { flag: 'authentication-kubeconfig', value: `${paths.authDir}/controller-manager.conf` },
      { flag: 'authorization-kubeconfig', value: `${paths.authDir}/controller-manager.conf` },
      { flag: 'kubeconfig', value: `${paths.authDir}/controller-manager.conf` },
      { flag: 'client-ca-file', value: `${pki}/ca.crt` },
      { flag: 'cluster-signing-cert-file', value: `${pki}/ca.crt` },
      { flag: 'cluster-signing-key-file', value: `${pki}/ca.key` },
      { flag: 'cluster-signing-duration', value: '{certValidityHours}h' },
      { flag: 'controllers', value: '*,bootstrapsigner,tokencleaner' },
      {
        flag: 'horizontal-pod-autoscaler-sync-period',
        value: '15s',
        why: 'the guide has 5s, three times the load on the metrics API',
      },
      { flag: 'leader-elect', value: 'true' },
      {
        flag: 'node-monitor-grace-period',
        value: '{nodeMonitorGracePeriod}',
        why: 'the guide has 20s, two heartbeats: one slow disk would evict a node',
      },
      { flag: 'requestheader-client-ca-file', value: `${pki}/front-proxy-ca.crt` },
      { flag: 'root-ca-file', value: `${pki}/ca.crt` },
      { flag: 'service-account-private-key-file', value: `${pki}/sa.key` },
      { flag: 'use-service-account-credentials', value: 'true' },
      {
        flag: 'terminated-pod-gc-threshold',
        value: '1000',
        why: "finished pods fill etcd: Kubernetes' own limit is 12500",
      },
      ...tlsFlags,
      { flag: 'profiling', value: 'false' },
      { flag: 'feature-gates', value: '{featureGates}', when: 'hasFeatureGates' },
    ],
  },
  {
    name: 'kube-scheduler',
    key: 'scheduler',
    role: 'control-plane',
    unit: 'kube-scheduler.service',
    envFile: `${paths.kubernetesDir}/scheduler`,
    envTemplate: 'etc/kubernetes/scheduler.hbs',
    argsVariable: 'KUBE_SCHEDULER_ARGS',
    variables: ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBE_SCHEDULER_ARGS'],
    flags: [
      ...logFlags,
      { flag: 'bind-address', value: '127.0.0.1', why: 'the successor of --address' },
      {
        flag: 'port',
        value: '0',
        until: '1.23',
        staysDeprecated: 'nothing else closes the port without TLS, which is gone from 1.23 on',
      },
      { flag: 'authentication-kubeconfig', value: `${paths.authDir}/scheduler.conf` },
      { flag: 'authorization-kubeconfig', value: `${paths.authDir}/scheduler.conf` },
      {
        flag: 'kubeconfig',
        value: `${paths.authDir}/scheduler.conf`,
        staysDeprecated: noSchedulerFile,
      },
      {
        flag: 'client-ca-file',
        value: `${pki}/ca.crt`,
        why: 'without both authorities it watches a ConfigMap for them, anew every 10 s, and each time is audited',
      },
      { flag: 'requestheader-client-ca-file', value: `${pki}/front-proxy-ca.crt` },
      {
        flag: 'leader-elect',
        value: 'true',
        why: 'one active scheduler per cluster; the others wait for the lease',
      },
      ...tlsFlags,
      {
        flag: 'profiling',
        value: 'false',
        staysDeprecated: noSchedulerFile,
      },
      { flag: 'feature-gates', value: '{featureGates}', when: 'hasFeatureGates' },
    ],
  },
  {
    name: 'kubelet',
    key: 'kubelet',
    role: 'worker',
    unit: 'kubelet.service',
    envFile: `${paths.kubernetesDir}/kubelet`,
    envTemplate: 'etc/kubernetes/kubelet.hbs',
    argsVariable: 'KUBELET_ARGS',
    variables: ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBELET_HOSTNAME', 'KUBELET_ARGS'],
    flags: [
      ...logFlags,
      {
        flag: 'hostname-override',
        value: '{nodeName}',
        variable: 'KUBELET_HOSTNAME',
        why: 'node name, certificate and kube-proxy agree whatever the machine calls itself',
      },
      { flag: 'node-ip', value: '{nodeAddresses}' },
      { flag: 'config', value: `${paths.kubeletDir}/config.yaml` },
      { flag: 'kubeconfig', value: `${paths.authDir}/kubelet.conf` },
      { flag: 'bootstrap-kubeconfig', value: `${paths.authDir}/bootstrap.conf`, when: 'bootstrapsWithToken' },
      {
        flag: 'network-plugin',
        value: 'cni',
        when: 'usesDockershim',
        why: 'other runtimes call CNI themselves',
        staysDeprecated: 'it goes with dockershim, not before',
      },
      { flag: 'container-runtime', value: 'remote', when: 'usesRemoteRuntime' },
      {
        flag: 'container-runtime-endpoint',
        value: 'unix://{runtimeSocket}',
        when: 'namesRuntimeByFlag',
        why: 'from 1.27 on it stands in the configuration file',
      },
      {
        flag: 'pod-infra-container-image',
        value: '{sandboxImage}',
        why: 'dockershim starts it; elsewhere it keeps the image from garbage collection',
        staysDeprecated: 'containerd pins the image only since 1.6.22 and 1.7.3',
      },
      { flag: 'node-labels', value: '{nodeLabels}', when: 'hasNodeLabels' },
      { flag: 'register-with-taints', value: '{nodeTaints}', when: 'hasNodeTaints' },
    ],
  },
  {
    name: 'kube-proxy',
    key: 'proxy',
    role: 'worker',
    unit: 'kube-proxy.service',
    envFile: `${paths.kubernetesDir}/proxy`,
    envTemplate: 'etc/kubernetes/proxy.hbs',
    argsVariable: 'KUBE_PROXY_ARGS',
    variables: ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBE_PROXY_ARGS'],
    flags: [
      ...logFlags,
      { flag: 'config', value: `${paths.kubeProxyDir}/config.yaml` },
      {
        flag: 'hostname-override',
        value: '{nodeName}',
        why: 'with --config the one flag that is still read; it must equal the node name',
      },
    ],
  },
];

/** The row of one component, by its key in the inventory. */
export function componentOf(key: ComponentKey): ComponentRow {
  const row = components.find((component) => component.key === key);
  if (row === undefined) throw new Error(`no component ${key}`);
  return row;
}
