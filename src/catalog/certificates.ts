/**
 * Every leaf certificate of a cluster: subject, usages, names, signer, and the
 * hosts that hold it. The rows follow "PKI certificates and requirements" of the
 * Kubernetes documentation, except where `why` says otherwise. Each host has a
 * key of its own for each row: a key never exists in two places.
 */
import type { AuthorityName, Usage } from '../model/certificate.ts';
import type { BootstrapMethod, Role } from '../model/cluster.ts';
import type { Owner } from '../model/file.ts';
import { authDir, etcdPki, kubernetesPki } from './paths.ts';

/**
 * `none`: no names, a client's certificate.
 * `host`: host name, FQDN, addresses.
 * `host-and-loopback`: those and localhost, 127.0.0.1, ::1.
 * `apiserver`: those, the endpoint, the API service's names and addresses, extra SANs.
 */
export type SanRule = 'none' | 'host' | 'host-and-loopback' | 'apiserver';

/** How a certificate reaches its host: as two files, or inside a kubeconfig. */
export type Delivery =
  | { readonly kind: 'files'; readonly path: string }
  | { readonly kind: 'kubeconfig'; readonly path: string; readonly server: 'endpoint' | 'local' };

export interface CertificateRow {
  readonly name: string;
  /** `{node}` stands for the host's node name. */
  readonly commonName: string;
  readonly organization?: string;
  readonly authority: AuthorityName;
  readonly usages: readonly Usage[];
  readonly sans: SanRule;
  readonly role: Role;
  /** Only with this bootstrap method. */
  readonly bootstrap?: BootstrapMethod;
  readonly delivery: Delivery;
  readonly owner: Owner;
  readonly services: readonly string[];
  readonly why: string;
}

export const certificates: readonly CertificateRow[] = [
  {
    name: 'etcd-server',
    commonName: 'kube-etcd',
    authority: 'etcd-ca',
    usages: ['server', 'client'],
    sans: 'host-and-loopback',
    role: 'etcd',
    delivery: { kind: 'files', path: `${etcdPki}/server` },
    owner: 'etcd',
    services: ['etcd.service'],
    why: 'serves clients; also a client, because the gRPC gateway of etcd dials its own listener (etcd-io/etcd#9785)',
  },
  {
    name: 'etcd-peer',
    commonName: 'kube-etcd-peer',
    authority: 'etcd-ca',
    usages: ['server', 'client'],
    sans: 'host-and-loopback',
    role: 'etcd',
    delivery: { kind: 'files', path: `${etcdPki}/peer` },
    owner: 'etcd',
    services: ['etcd.service'],
    why: 'members dial and serve one another with it',
  },
  {
    name: 'etcd-client',
    commonName: 'kube-etcd-healthcheck-client',
    authority: 'etcd-ca',
    usages: ['client'],
    sans: 'none',
    role: 'etcd',
    delivery: { kind: 'files', path: `${etcdPki}/client` },
    owner: 'root',
    services: [],
    why: 'for etcdctl on the etcd host: health checks, snapshots',
  },
  {
    name: 'apiserver-etcd-client',
    commonName: 'kube-apiserver-etcd-client',
    authority: 'etcd-ca',
    usages: ['client'],
    sans: 'none',
    role: 'control-plane',
    delivery: { kind: 'files', path: `${kubernetesPki}/apiserver-etcd-client` },
    owner: 'kube',
    services: ['kube-apiserver.service'],
    why: 'no organization: etcd reads no groups, and system:masters would be one more administrator',
  },
  {
    name: 'apiserver',
    commonName: 'kube-apiserver',
    authority: 'kubernetes-ca',
    usages: ['server'],
    sans: 'apiserver',
    role: 'control-plane',
    delivery: { kind: 'files', path: `${kubernetesPki}/apiserver` },
    owner: 'kube',
    services: ['kube-apiserver.service'],
    why: 'every name and address by which the API is dialled',
  },
  {
    name: 'apiserver-kubelet-client',
    commonName: 'kube-apiserver-kubelet-client',
    authority: 'kubernetes-ca',
    usages: ['client'],
    sans: 'none',
    role: 'control-plane',
    delivery: { kind: 'files', path: `${kubernetesPki}/apiserver-kubelet-client` },
    owner: 'kube',
    services: ['kube-apiserver.service'],
    why: 'no system:masters: a binding to system:kubelet-api-admin (addons/10-rbac.yaml) needs less',
  },
  {
    name: 'front-proxy-client',
    commonName: 'front-proxy-client',
    authority: 'kubernetes-front-proxy-ca',
    usages: ['client'],
    sans: 'none',
    role: 'control-plane',
    delivery: { kind: 'files', path: `${kubernetesPki}/front-proxy-client` },
    owner: 'kube',
    services: ['kube-apiserver.service'],
    why: 'the aggregation layer proves to extension API servers that it is the API server',
  },
  {
    name: 'admin',
    commonName: 'kubernetes-admin',
    organization: 'system:masters',
    authority: 'kubernetes-ca',
    usages: ['client'],
    sans: 'none',
    role: 'control-plane',
    delivery: { kind: 'kubeconfig', path: `${authDir}/admin.conf`, server: 'endpoint' },
    owner: 'root',
    services: [],
    why: 'the administrator; never on a worker',
  },
  {
    name: 'controller-manager',
    commonName: 'system:kube-controller-manager',
    authority: 'kubernetes-ca',
    usages: ['client'],
    sans: 'none',
    role: 'control-plane',
    delivery: { kind: 'kubeconfig', path: `${authDir}/controller-manager.conf`, server: 'local' },
    owner: 'kube',
    services: ['kube-controller-manager.service'],
    why: 'dials the API server beside it: no load balancer in between, no version skew while upgrading',
  },
  {
    name: 'scheduler',
    commonName: 'system:kube-scheduler',
    authority: 'kubernetes-ca',
    usages: ['client'],
    sans: 'none',
    role: 'control-plane',
    delivery: { kind: 'kubeconfig', path: `${authDir}/scheduler.conf`, server: 'local' },
    owner: 'kube',
    services: ['kube-scheduler.service'],
    why: 'dials the API server beside it, like the controller-manager',
  },
  {
    name: 'kube-proxy',
    commonName: 'system:kube-proxy',
    authority: 'kubernetes-ca',
    usages: ['client'],
    sans: 'none',
    role: 'worker',
    delivery: { kind: 'kubeconfig', path: `${authDir}/kube-proxy.conf`, server: 'endpoint' },
    owner: 'root',
    services: ['kube-proxy.service'],
    why: 'system:node-proxier is bound to this user name',
  },
  {
    name: 'kubelet-client',
    commonName: 'system:node:{node}',
    organization: 'system:nodes',
    authority: 'kubernetes-ca',
    usages: ['client'],
    sans: 'none',
    role: 'worker',
    bootstrap: 'signed',
    delivery: { kind: 'kubeconfig', path: `${authDir}/kubelet.conf`, server: 'endpoint' },
    owner: 'root',
    services: ['kubelet.service'],
    why: 'name and group that the Node authorizer wants; the kubelet renews it through a CSR',
  },
  {
    name: 'kubelet-server',
    commonName: 'system:node:{node}',
    organization: 'system:nodes',
    authority: 'kubernetes-ca',
    usages: ['server'],
    sans: 'host',
    role: 'worker',
    delivery: { kind: 'files', path: `${kubernetesPki}/kubelet` },
    owner: 'root',
    services: ['kubelet.service'],
    why: 'lets the API server verify the kubelet it sends exec and logs to, however the kubelet joined (decision 21)',
  },
];
