/**
 * APIs that a minor no longer serves: manifests, Helm charts, operators and scripts that
 * name them fail from then on; stored objects stay reachable by the successor. From
 * Kubernetes' deprecated API migration guide (kubernetes.io/docs/reference/using-api/deprecation-guide).
 */

export interface RemovedApiRow {
  /** The first minor without it. */
  readonly minor: string;
  readonly api: string;
  readonly kinds: readonly string[];
  /** Absent where there is no successor. */
  readonly successor?: string;
}

// biome-ignore format: a table
export const removedApis: readonly RemovedApiRow[] = [
  { minor: '1.22', api: 'admissionregistration.k8s.io/v1beta1', kinds: ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'], successor: 'admissionregistration.k8s.io/v1' },
  { minor: '1.22', api: 'apiextensions.k8s.io/v1beta1', kinds: ['CustomResourceDefinition'], successor: 'apiextensions.k8s.io/v1' },
  { minor: '1.22', api: 'apiregistration.k8s.io/v1beta1', kinds: ['APIService'], successor: 'apiregistration.k8s.io/v1' },
  { minor: '1.22', api: 'authentication.k8s.io/v1beta1', kinds: ['TokenReview'], successor: 'authentication.k8s.io/v1' },
  { minor: '1.22', api: 'authorization.k8s.io/v1beta1', kinds: ['SubjectAccessReview', 'LocalSubjectAccessReview', 'SelfSubjectAccessReview'], successor: 'authorization.k8s.io/v1' },
  { minor: '1.22', api: 'certificates.k8s.io/v1beta1', kinds: ['CertificateSigningRequest'], successor: 'certificates.k8s.io/v1' },
  { minor: '1.22', api: 'coordination.k8s.io/v1beta1', kinds: ['Lease'], successor: 'coordination.k8s.io/v1' },
  { minor: '1.22', api: 'extensions/v1beta1', kinds: ['Ingress'], successor: 'networking.k8s.io/v1' },
  { minor: '1.22', api: 'networking.k8s.io/v1beta1', kinds: ['Ingress', 'IngressClass'], successor: 'networking.k8s.io/v1' },
  { minor: '1.22', api: 'rbac.authorization.k8s.io/v1beta1', kinds: ['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'], successor: 'rbac.authorization.k8s.io/v1' },
  { minor: '1.22', api: 'scheduling.k8s.io/v1beta1', kinds: ['PriorityClass'], successor: 'scheduling.k8s.io/v1' },
  { minor: '1.22', api: 'storage.k8s.io/v1beta1', kinds: ['CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment'], successor: 'storage.k8s.io/v1' },
  { minor: '1.25', api: 'autoscaling/v2beta1', kinds: ['HorizontalPodAutoscaler'], successor: 'autoscaling/v2' },
  { minor: '1.25', api: 'batch/v1beta1', kinds: ['CronJob'], successor: 'batch/v1' },
  { minor: '1.25', api: 'discovery.k8s.io/v1beta1', kinds: ['EndpointSlice'], successor: 'discovery.k8s.io/v1' },
  { minor: '1.25', api: 'events.k8s.io/v1beta1', kinds: ['Event'], successor: 'events.k8s.io/v1' },
  { minor: '1.25', api: 'node.k8s.io/v1beta1', kinds: ['RuntimeClass'], successor: 'node.k8s.io/v1' },
  { minor: '1.25', api: 'policy/v1beta1', kinds: ['PodDisruptionBudget'], successor: 'policy/v1' },
  { minor: '1.25', api: 'policy/v1beta1', kinds: ['PodSecurityPolicy'] },
  { minor: '1.26', api: 'autoscaling/v2beta2', kinds: ['HorizontalPodAutoscaler'], successor: 'autoscaling/v2' },
  { minor: '1.26', api: 'flowcontrol.apiserver.k8s.io/v1beta1', kinds: ['FlowSchema', 'PriorityLevelConfiguration'], successor: 'flowcontrol.apiserver.k8s.io/v1beta2' },
  { minor: '1.27', api: 'storage.k8s.io/v1beta1', kinds: ['CSIStorageCapacity'], successor: 'storage.k8s.io/v1' },
  { minor: '1.29', api: 'flowcontrol.apiserver.k8s.io/v1beta2', kinds: ['FlowSchema', 'PriorityLevelConfiguration'], successor: 'flowcontrol.apiserver.k8s.io/v1beta3, later v1' },
  { minor: '1.32', api: 'flowcontrol.apiserver.k8s.io/v1beta3', kinds: ['FlowSchema', 'PriorityLevelConfiguration'], successor: 'flowcontrol.apiserver.k8s.io/v1' },
];
