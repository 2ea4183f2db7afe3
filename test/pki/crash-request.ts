import { authorityNames, type PkiRequest } from '../../src/model/certificate.ts';

/** The same names with another number of certificates, so that a second opening has something to add. */
export function crashRequest(count: number): PkiRequest {
  return {
    authorities: authorityNames,
    keyAlgorithm: 'ecdsa-p256',
    caValidityDays: 3650,
    certValidityDays: 365,
    renewBeforeDays: 30,
    subject: {},
    certificates: Array.from({ length: count }, (_, index) => ({
      id: `hosts/worker${index}/kubelet`,
      authority: index % 2 === 0 ? 'kubernetes-ca' : 'etcd-ca',
      commonName: `system:node:worker${index}`,
      organization: 'system:nodes',
      usages: ['client'],
      // The first ten get another name as soon as there are more, and are re-issued.
      sans: { dns: index < 10 ? [`of-${count}`] : [], ip: [] },
    })),
  };
}
