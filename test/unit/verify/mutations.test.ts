/** Families of single faults: whatever is lost, loosened, renamed or swapped in good bundles is found where it is. */
import { expect, test } from 'vitest';
import { certificates } from '../../../src/catalog/certificates.ts';
import type { BundleFile } from '../../../src/verify/bundle.ts';
import { verifyCluster } from '../../../src/verify/verify.ts';
import {
  type Change,
  clusters,
  type Good,
  ofOther,
  ownedBy,
  replaced,
  text,
  withChange,
  withMode,
  without,
} from './faulty.ts';

interface Mutation {
  readonly host: string;
  readonly file: string;
  readonly what: string;
  readonly change: Change;
}

type Family = (good: Good, host: string, file: BundleFile) => readonly Mutation[];

const isEnvironment = ({ path }: BundleFile) =>
  /^\/etc\/kubernetes\/(?:apiserver|controller-manager|scheduler|kubelet|proxy)$/.test(path);
const isCertificate = ({ path }: BundleFile) =>
  certificates.some(({ delivery: { kind, path: stem } }) => kind === 'files' && path === `${stem}.crt`);
const isPrivateKey = ({ content }: BundleFile) => content.includes('PRIVATE KEY-----');
const isKubeconfig = ({ path }: BundleFile) => /\/auth\/.*\.conf$/.test(path);

/** Flags that files of other hosts or the bundle itself depend on, by the words of an environment file. */
const dependent =
  /^--(?:.*file|.*cafile|etcd-servers|service-cluster-ip-range|cluster-cidr|secure-port|advertise-address|kubeconfig|config|hostname-override|node-ip|authorization-mode|enable-admission-plugins|service-account-issuer|use-service-account-credentials|bind-address)=/;

/** A flag and its value out of an environment file, with the way it is broken over lines. */
const wordsOf = (file: BundleFile) =>
  [...file.content.toString().matchAll(/--[a-z-]+=[^\s"\\]*/g)].map(([word]) => word);

const families: Readonly<Record<string, Family>> = {
  'a file is lost': (_, host, { path }) => [{ host, file: path, what: 'lost', change: without }],
  'all may write a file': (_, host, { path }) => [
    { host, file: path, what: 'writable', change: withMode(0o666) },
  ],
  'a file has another owner': (_, host, file) =>
    file.owner === 'root' || file.path.endsWith('.conf')
      ? []
      : [{ host, file: file.path, what: 'of root', change: ownedBy('root') }],
  'a flag is lost': (_, host, file) =>
    isEnvironment(file)
      ? wordsOf(file)
          .filter((word) => dependent.test(word))
          .map((word) => ({
            host,
            file: file.path,
            what: `without ${word}`,
            change: replaced(
              new RegExp(` *${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?= |"|$)(?: \\\\\\n *)?`, 'm'),
              '',
            ),
          }))
      : [],
  'a path in a flag is renamed': (_, host, file) =>
    isEnvironment(file)
      ? wordsOf(file)
          .filter((word) => /=\/etc\/kubernetes\//.test(word))
          .map((word) => ({
            host,
            file: file.path,
            what: `${word} renamed`,
            change: replaced(word, word.replace(/(\.[a-z]+)$/, '-old$1')),
          }))
      : [],
  'a variable of etcd is lost': (_, host, file) =>
    file.path === '/etc/default/etcd'
      ? [...file.content.toString().matchAll(/^(ETCD_[A-Z_]+)=.*\n/gm)].map(([line, name]) => ({
          host,
          file: file.path,
          what: `without ${name}`,
          change: replaced(line, ''),
        }))
      : [],
  'a certificate or key is that of another cluster': (_, host, file) =>
    isCertificate(file) || isPrivateKey(file)
      ? [{ host, file: file.path, what: 'foreign', change: ofOther('foreign', host) }]
      : [],
  'a certificate is damaged': (_, host, file) =>
    isCertificate(file)
      ? [{ host, file: file.path, what: 'damaged', change: text((before) => before.slice(0, 200)) }]
      : [],
  'a kubeconfig is that of another cluster': (_, host, file) =>
    isKubeconfig(file) ? [{ host, file: file.path, what: 'foreign', change: ofOther('foreign', host) }] : [],
};

/** A host of each kind; of the clusters with another bootstrap method only what differs. */
const hosts = { secret: ['m2', 'w1'], signed: ['w1'], file: ['w1'] } as const;

test('of at least 150 single faults 98 in 100 are found, on the right host and in the right file', async () => {
  const missed: string[] = [];
  let seeded = 0;
  for (const name of ['secret', 'signed', 'file'] as const) {
    const good = await clusters[name];
    for (const [family, mutationsOf] of Object.entries(families)) {
      const all = good.good.bundles
        .filter(({ host }) => (hosts[name] as readonly string[]).includes(host))
        .flatMap(({ host, files }) => files.flatMap((file) => mutationsOf(good, host, file)));
      if (name === 'secret') expect(all.length, family).toBeGreaterThan(0);
      for (const { host, file, what, change } of all) {
        const { facts, bundles } = await withChange(good, host, file, change);
        const findings = verifyCluster(facts, bundles);
        seeded += 1;
        if (!findings.some((one) => one.host === host && one.file === file))
          missed.push(`${name}: ${family}: ${host} ${file} ${what}`);
      }
    }
  }
  expect(seeded).toBeGreaterThanOrEqual(150);

  expect(missed.length / seeded, missed.join('\n')).toBeLessThanOrEqual(0.02);
}, 300_000);
