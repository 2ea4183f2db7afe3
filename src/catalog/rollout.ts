/**
 * What a change means for a running cluster, and in which order hosts get it. Events are named in
 * compare/events.ts; in texts, {hosts} are those that it happens on, and {members}, {quorum},
 * {membersBefore}, {quorumBefore} count those of etcd.
 */
import type { Role } from '../model/cluster.ts';
import * as paths from './paths.ts';

export interface RiskRow {
  readonly event: string;
  /** `danger`: the cluster or its data may be lost; `care`: it is, for a while, in part away; `note`: good to know. */
  readonly level: 'danger' | 'care' | 'note';
  readonly text: string;
}

const newAuthority =
  'another authority: until every host has it, certificates of the old one and of the new one do not trust each other; plan the exchange as docs/pki.md says';

// biome-ignore format: a table
export const risks: readonly RiskRow[] = [
  // etcd
  { event: 'added etcd', level: 'danger', text: '{hosts}: new among the etcd members. Growing a running etcd is not supported yet: these bundles would start a second, empty one; install them only if the cluster is new; an API server on such a host would ask that one alone. Quorum would go from {quorumBefore} of {membersBefore} to {quorum} of {members}' },
  { event: 'removed etcd', level: 'danger', text: '{hosts}: no etcd member any more. Take it out first, on a member that stays: etcdctl member remove ID. One that stays a control plane serves nothing from then until its new bundle is installed, and keeps its clients: systemctl stop kube-apiserver there before, and install it right after. Until then it counts: quorum is {quorumBefore} of {membersBefore}, afterwards {quorum} of {members}' },
  { event: 'variable ETCD_DATA_DIR', level: 'danger', text: 'etcd looks for its data elsewhere: a member that finds none does not come up or begins empty; move the data first, one member at a time' },
  { event: 'variable ETCD_INITIAL_CLUSTER', level: 'note', text: 'etcd reads its list of first members only while its data folder is empty: running members keep theirs (etcdctl member list)' },
  { event: 'restarts etcd.service', level: 'care', text: 'etcd restarts: one member at a time, each healthy before the next (etcdctl endpoint health), and on a control plane its API server (kubectl get --raw /readyz), which serves nothing meanwhile; {quorum} of {members} members must be up at any moment' },

  // what the cluster rests on
  { event: `changed ${paths.kubernetesPki}/ca.crt`, level: 'danger', text: `kubernetes-ca: ${newAuthority}` },
  { event: `changed ${paths.etcdPki}/ca.crt`, level: 'danger', text: `etcd-ca: ${newAuthority}` },
  { event: `changed ${paths.kubernetesPki}/front-proxy-ca.crt`, level: 'danger', text: `kubernetes-front-proxy-ca: ${newAuthority}` },
  { event: `changed ${paths.kubernetesPki}/sa.key`, level: 'danger', text: 'another key for service accounts: every token of every pod becomes invalid' },
  { event: `changed ${paths.encryptionConfig}`, level: 'danger', text: 'Secrets in etcd: an API server that lacks the key a Secret was written with cannot read it. Every API server needs the new configuration before the first one writes with another key' },
  { event: `removed ${paths.encryptionConfig}`, level: 'danger', text: 'Secrets that are encrypted in etcd cannot be read any more: write them all anew unencrypted first, while the key is still there' },
  { event: `added ${paths.encryptionConfig}`, level: 'care', text: 'encryption of Secrets begins: those of before stay as they are until they are written again, and an API server without the key cannot read new ones; install all control planes soon after one another' },
  { event: 'flag service-cluster-ip-range', level: 'danger', text: 'another address range of services: Services keep the addresses they have, those outside the new range stop working, and that of the API itself moves; make all Services anew, or build a new cluster' },
  { event: 'flag cluster-cidr', level: 'danger', text: 'another address range of pods: nodes keep the slice they have; each must be deleted and join again' },
  { event: 'flag kubelet-certificate-authority', level: 'care', text: 'API servers begin or end to verify kubelets by an authority: where they begin, logs and exec of a worker fail until its kubelet serves a certificate of that authority; install the workers first, or soon after' },
  { event: 'field clusterDNS', level: 'care', text: 'another address of the cluster DNS: pods that run keep asking the old one until they are made anew' },
  { event: 'field cgroupDriver', level: 'danger', text: 'another cgroup driver: drain each worker before it is installed, and reboot it; the container runtime must change in the same step' },
  { event: 'version', level: 'care', text: 'another version of Kubernetes: no kubelet may be newer than the oldest API server. install.sh restarts units whose files it changed: a unit whose program was only put on the host anew, restart yourself. hardway upgrade-check tells what else it brings' },

  // units, by what is away meanwhile
  { event: 'restarts kube-apiserver.service', level: 'care', text: 'API servers restart: one control plane at a time, so that the others answer; with a single one, the API is away until it is back' },
  { event: 'restarts kube-controller-manager.service', level: 'note', text: 'kube-controller-manager restarts: another one takes the lease within seconds' },
  { event: 'restarts kube-scheduler.service', level: 'note', text: 'kube-scheduler restarts: pods that are new wait until another one has taken the lease, within seconds' },
  { event: 'restarts kubelet.service', level: 'note', text: 'kubelets restart: pods keep running; the node may say NotReady for some ten seconds, and is out of Services for as long; in batches' },
  { event: 'restarts kube-proxy.service', level: 'note', text: 'kube-proxy restarts: connections that stand go on; changes of Services reach the host a few seconds late' },
  { event: 'restarts containerd.service', level: 'care', text: 'containerd restarts: containers keep running; none can be started until it is back' },
  { event: 'restarts docker.service', level: 'care', text: 'Docker restarts: with live-restore, which hardway sets, containers keep running; where it was not on before, they stop: drain first' },
  { event: 'restarts cri-dockerd.service', level: 'note', text: 'cri-dockerd restarts: containers keep running; none can be started until it is back' },
  { event: 'restarts haproxy.service', level: 'care', text: 'haproxy restarts: connections to the API break and are made anew; one load balancer at a time' },
  { event: 'restarts keepalived.service', level: 'care', text: 'keepalived restarts: the floating address moves to another host; one host at a time' },
  { event: 'restarts hardway-api-balancer.service', level: 'note', text: 'the balancer on the host restarts: its kubelet and kube-proxy connect anew' },

  // what looks done and is not
  { event: 'flag node-labels', level: 'note', text: 'a kubelet gives labels to its node only when it registers it: those of nodes that are there are changed with kubectl label node' },
  { event: 'flag register-with-taints', level: 'note', text: 'a kubelet gives taints to its node only when it registers it: those of nodes that are there are changed with kubectl taint node' },
  { event: `changed ${paths.authDir}/bootstrap.conf`, level: 'note', text: 'bootstrap.conf is for joining: a kubelet that has joined goes on with the kubelet.conf that it has, also with the address of the API in it' },
  { event: 'pki reissued', level: 'note', text: 'certificates are re-issued with new keys by the same authorities: old and new ones trust each other, so the order of hosts does not matter to them' },

  // hosts that come and go
  { event: 'added control-plane', level: 'care', text: '{hosts}: new control plane; clients reach it once what stands before the API servers knows it' },
  { event: 'removed control-plane', level: 'care', text: '{hosts}: no control plane any more; take it out of what stands before the API servers first' },
  { event: 'removed worker', level: 'care', text: '{hosts}: no worker any more: kubectl drain, then kubectl delete node, then ./install.sh uninstall there' },
];

export interface StageRow {
  readonly stage: string;
  /** Hosts that no earlier stage has: those with a role, those that leave, those where no unit does anything. */
  readonly of: Role | 'leaving' | 'quiet';
  /** How many at once: a number, or a part of all that change. */
  readonly atOnce: number | { readonly part: number };
  readonly text: string;
}

/** In this order; a host with several roles belongs to the first of them. */
export const stages: readonly StageRow[] = [
  {
    stage: 'hosts where nothing restarts',
    of: 'quiet',
    atOnce: { part: 1 },
    text: 'at any time, all at once if you like: ./install.sh',
  },
  {
    stage: 'etcd members',
    of: 'etcd',
    atOnce: 1,
    text: 'one at a time: ./install.sh, then etcdctl endpoint health --cluster, and where it is a control plane too, kubectl get --raw /readyz, before the next',
  },
  {
    stage: 'control planes',
    of: 'control-plane',
    atOnce: 1,
    text: 'one at a time: ./install.sh, then kubectl get --raw /readyz, before the next',
  },
  {
    stage: 'load balancers',
    of: 'load-balancer',
    atOnce: 1,
    text: 'one at a time: ./install.sh, then kubectl get --raw /readyz through the endpoint, before the next',
  },
  {
    stage: 'workers',
    of: 'worker',
    atOnce: { part: 0.1 },
    text: 'in batches, a single one first: ./install.sh, then kubectl get nodes, before the next batch',
  },
  {
    stage: 'hosts that leave',
    of: 'leaving',
    atOnce: 1,
    text: 'when the others are done: ./install.sh uninstall there',
  },
];

/** In place of the stages where nothing was rendered before. */
export const firstRollout: Omit<StageRow, 'of' | 'atOnce'> = {
  stage: 'all hosts',
  text: 'a first installation: in any order, all at once if you like',
};
