/** Changes of the guide's inventory, by the name of the file that holds what is expected of them. */
import { guideAnd, guideWith } from './rendered.ts';

const master01 = 'name: master01, address: 172.16.0.101, roles: [etcd, control-plane]';
const node01 = 'name: node01, address: 172.16.0.104, roles: [worker]';
const node03 = '  - { name: node03, address: 172.16.0.106, roles: [worker] }\n';

export const changes: Readonly<Record<string, string>> = {
  label: guideWith(node01, `${node01}, labels: { disk: ssd }`),
  san: guideAnd('pki: { extraSANs: [k8s.example.com] }'),
  flag: guideAnd('components: { apiserver: { args: { max-requests-inflight: "800" } } }'),
  'flag-of-one-host': guideWith(
    master01,
    `${master01}, components: { scheduler: { args: { kube-api-qps: "80" } } }`,
  ),
  minor: guideWith('version: 1.20.2', 'version: "1.21"'),
  worker: guideAnd('  - { name: node04, address: 172.16.0.107, roles: [worker] }'),
  'worker-leaves': guideWith(node03, ''),
  'etcd-member': guideAnd('  - { name: etcd04, address: 172.16.0.108, roles: [etcd] }'),
  'service-network': guideWith('serviceCIDR: 10.76.0.0/12', 'serviceCIDR: 10.128.0.0/12'),
  'no-encryption': guideAnd('security: { encryptionAtRest: false }'),
};
