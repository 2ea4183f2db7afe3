/**
 * Kinds of YAML documents: those that daemons read from files, with their fields, and those that
 * an API server serves, each with the minors that know it. From upstream's types.go and the
 * "Deprecated API Migration Guide".
 */
import type { Lifetime } from './flags/flags.ts';

/** Fields by name; `true` stands for a value or for a map with keys of its own. Lists are those of their items. */
export interface Fields {
  readonly [name: string]: true | Fields;
}

export interface FileKindRow extends Lifetime {
  readonly apiVersion: string;
  readonly kind: string;
  /** Undefined where lint/fields.ts knows them, with their types. */
  readonly fields?: Fields;
}

const names = (...list: readonly string[]): Fields => Object.fromEntries(list.map((name) => [name, true]));

const encryptionKeys: Fields = { keys: names('name', 'secret') };
const encryption: Fields = {
  resources: {
    resources: true,
    providers: {
      aesgcm: encryptionKeys,
      aescbc: encryptionKeys,
      secretbox: encryptionKeys,
      identity: {},
      kms: names('apiVersion', 'name', 'cachesize', 'endpoint', 'timeout'),
    },
  },
};

const auditPolicy: Fields = {
  omitStages: true,
  omitManagedFields: true,
  rules: {
    ...names('level', 'users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages'),
    omitManagedFields: true,
    resources: names('group', 'resources', 'resourceNames'),
  },
};

const claim = names('claim', 'prefix', 'expression');
const authentication: Fields = {
  anonymous: { enabled: true, conditions: names('path') },
  jwt: {
    issuer: names(
      'url',
      'discoveryURL',
      'certificateAuthority',
      'audiences',
      'audienceMatchPolicy',
      'egressSelectorType',
    ),
    claimValidationRules: names('claim', 'requiredValue', 'expression', 'message'),
    claimMappings: {
      username: claim,
      groups: claim,
      uid: claim,
      extra: names('key', 'valueExpression'),
    },
    userValidationRules: names('expression', 'message'),
  },
};

const authorization: Fields = {
  authorizers: { ...names('type', 'name'), webhook: true },
};

const kubeconfig: Fields = {
  preferences: true,
  extensions: true,
  'current-context': true,
  clusters: {
    name: true,
    cluster: names(
      'server',
      'tls-server-name',
      'insecure-skip-tls-verify',
      'certificate-authority',
      'certificate-authority-data',
      'proxy-url',
      'disable-compression',
      'extensions',
    ),
  },
  contexts: { name: true, context: names('cluster', 'user', 'namespace', 'extensions') },
  users: {
    name: true,
    user: names(
      'client-certificate',
      'client-certificate-data',
      'client-key',
      'client-key-data',
      'token',
      'tokenFile',
      'as',
      'as-uid',
      'as-groups',
      'as-user-extra',
      'username',
      'password',
      'auth-provider',
      'exec',
      'extensions',
    ),
  },
};

const config = 'apiserver.config.k8s.io';
const scheduler = 'kubescheduler.config.k8s.io';
const schedulerFields: Fields = {
  ...names('parallelism', 'leaderElection', 'healthzBindAddress', 'metricsBindAddress', 'enableProfiling'),
  ...names('enableContentionProfiling', 'percentageOfNodesToScore', 'podInitialBackoffSeconds'),
  ...names('podMaxBackoffSeconds', 'profiles', 'extenders', 'delayCacheUntilActive'),
  clientConnection: names('kubeconfig', 'acceptContentTypes', 'contentType', 'qps', 'burst'),
};

// biome-ignore format: a table
export const fileKinds: readonly FileKindRow[] = [
  { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', since: '1.20' },
  { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration', since: '1.20' },
  { apiVersion: `${scheduler}/v1beta1`, kind: 'KubeSchedulerConfiguration', since: '1.20', removed: '1.23', fields: schedulerFields },
  { apiVersion: `${scheduler}/v1beta2`, kind: 'KubeSchedulerConfiguration', since: '1.22', removed: '1.28', fields: schedulerFields },
  { apiVersion: `${scheduler}/v1beta3`, kind: 'KubeSchedulerConfiguration', since: '1.23', removed: '1.29', fields: schedulerFields },
  { apiVersion: `${scheduler}/v1`, kind: 'KubeSchedulerConfiguration', since: '1.25', fields: schedulerFields },
  { apiVersion: `${config}/v1`, kind: 'EncryptionConfiguration', since: '1.20', fields: encryption },
  { apiVersion: `${config}/v1alpha1`, kind: 'AuthenticationConfiguration', since: '1.29', fields: authentication },
  { apiVersion: `${config}/v1beta1`, kind: 'AuthenticationConfiguration', since: '1.30', fields: authentication },
  { apiVersion: `${config}/v1`, kind: 'AuthenticationConfiguration', since: '1.34', fields: authentication },
  { apiVersion: `${config}/v1alpha1`, kind: 'AuthorizationConfiguration', since: '1.29', fields: authorization },
  { apiVersion: `${config}/v1beta1`, kind: 'AuthorizationConfiguration', since: '1.30', fields: authorization },
  { apiVersion: `${config}/v1`, kind: 'AuthorizationConfiguration', since: '1.32', fields: authorization },
  { apiVersion: `${config}/v1`, kind: 'AdmissionConfiguration', since: '1.20', fields: { plugins: { ...names('name', 'path'), configuration: true } } },
  { apiVersion: 'audit.k8s.io/v1beta1', kind: 'Policy', since: '1.20', removed: '1.24', fields: auditPolicy },
  { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', since: '1.20', fields: auditPolicy },
  { apiVersion: 'v1', kind: 'Config', since: '1.20', fields: kubeconfig },
];

export interface ServedRow extends Lifetime {
  readonly apiVersion: string;
  readonly kinds: readonly string[];
}

const admission = 'admissionregistration.k8s.io';
const webhooks = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
const rbac = ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'];
const oldStorage = ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'];
const flow = ['FlowSchema', 'PriorityLevelConfiguration'];

// biome-ignore format: a table
export const servedKinds: readonly ServedRow[] = [
  { apiVersion: 'v1', kinds: ['ConfigMap', 'Endpoints', 'Event', 'LimitRange', 'List', 'Namespace', 'Node', 'PersistentVolume', 'PersistentVolumeClaim', 'Pod', 'PodTemplate', 'ReplicationController', 'ResourceQuota', 'Secret', 'Service', 'ServiceAccount'], since: '1.20' },
  { apiVersion: 'apps/v1', kinds: ['ControllerRevision', 'DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'], since: '1.20' },
  { apiVersion: `${admission}/v1`, kinds: webhooks, since: '1.20' },
  { apiVersion: `${admission}/v1beta1`, kinds: webhooks, since: '1.20', removed: '1.22' },
  { apiVersion: `${admission}/v1`, kinds: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'], since: '1.30' },
  { apiVersion: 'apiextensions.k8s.io/v1', kinds: ['CustomResourceDefinition'], since: '1.20' },
  { apiVersion: 'apiextensions.k8s.io/v1beta1', kinds: ['CustomResourceDefinition'], since: '1.20', removed: '1.22' },
  { apiVersion: 'apiregistration.k8s.io/v1', kinds: ['APIService'], since: '1.20' },
  { apiVersion: 'apiregistration.k8s.io/v1beta1', kinds: ['APIService'], since: '1.20', removed: '1.22' },
  { apiVersion: 'autoscaling/v1', kinds: ['HorizontalPodAutoscaler'], since: '1.20' },
  { apiVersion: 'autoscaling/v2', kinds: ['HorizontalPodAutoscaler'], since: '1.23' },
  { apiVersion: 'autoscaling/v2beta1', kinds: ['HorizontalPodAutoscaler'], since: '1.20', removed: '1.25' },
  { apiVersion: 'autoscaling/v2beta2', kinds: ['HorizontalPodAutoscaler'], since: '1.20', removed: '1.26' },
  { apiVersion: 'batch/v1', kinds: ['Job'], since: '1.20' },
  { apiVersion: 'batch/v1', kinds: ['CronJob'], since: '1.21' },
  { apiVersion: 'batch/v1beta1', kinds: ['CronJob'], since: '1.20', removed: '1.25' },
  { apiVersion: 'certificates.k8s.io/v1', kinds: ['CertificateSigningRequest'], since: '1.20' },
  { apiVersion: 'certificates.k8s.io/v1beta1', kinds: ['CertificateSigningRequest'], since: '1.20', removed: '1.22' },
  { apiVersion: 'coordination.k8s.io/v1', kinds: ['Lease'], since: '1.20' },
  { apiVersion: 'coordination.k8s.io/v1beta1', kinds: ['Lease'], since: '1.20', removed: '1.22' },
  { apiVersion: 'discovery.k8s.io/v1', kinds: ['EndpointSlice'], since: '1.21' },
  { apiVersion: 'discovery.k8s.io/v1beta1', kinds: ['EndpointSlice'], since: '1.20', removed: '1.25' },
  { apiVersion: 'events.k8s.io/v1', kinds: ['Event'], since: '1.20' },
  { apiVersion: 'extensions/v1beta1', kinds: ['Ingress'], since: '1.20', removed: '1.22' },
  { apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta1', kinds: flow, since: '1.20', removed: '1.26' },
  { apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta2', kinds: flow, since: '1.23', removed: '1.29' },
  { apiVersion: 'flowcontrol.apiserver.k8s.io/v1beta3', kinds: flow, since: '1.26', removed: '1.32' },
  { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kinds: flow, since: '1.29' },
  { apiVersion: 'networking.k8s.io/v1', kinds: ['Ingress', 'IngressClass', 'NetworkPolicy'], since: '1.20' },
  { apiVersion: 'networking.k8s.io/v1', kinds: ['IPAddress', 'ServiceCIDR'], since: '1.33' },
  { apiVersion: 'networking.k8s.io/v1beta1', kinds: ['Ingress', 'IngressClass'], since: '1.20', removed: '1.22' },
  { apiVersion: 'node.k8s.io/v1', kinds: ['RuntimeClass'], since: '1.20' },
  { apiVersion: 'node.k8s.io/v1beta1', kinds: ['RuntimeClass'], since: '1.20', removed: '1.25' },
  { apiVersion: 'policy/v1', kinds: ['PodDisruptionBudget'], since: '1.21' },
  { apiVersion: 'policy/v1beta1', kinds: ['PodDisruptionBudget', 'PodSecurityPolicy'], since: '1.20', removed: '1.25' },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kinds: rbac, since: '1.20' },
  { apiVersion: 'rbac.authorization.k8s.io/v1beta1', kinds: rbac, since: '1.20', removed: '1.22' },
  { apiVersion: 'scheduling.k8s.io/v1', kinds: ['PriorityClass'], since: '1.20' },
  { apiVersion: 'scheduling.k8s.io/v1beta1', kinds: ['PriorityClass'], since: '1.20', removed: '1.22' },
  { apiVersion: 'storage.k8s.io/v1', kinds: oldStorage, since: '1.20' },
  { apiVersion: 'storage.k8s.io/v1', kinds: ['CSIStorageCapacity'], since: '1.24' },
  { apiVersion: 'storage.k8s.io/v1beta1', kinds: oldStorage, since: '1.20', removed: '1.22' },
  { apiVersion: 'storage.k8s.io/v1beta1', kinds: ['CSIStorageCapacity'], since: '1.21', removed: '1.27' },
];
