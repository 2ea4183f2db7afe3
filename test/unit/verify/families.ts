/** Families of single faults: what is lost, loosened, renamed or swapped in every file that it can happen to. */
import { certificates } from '../../../src/catalog/certificates.ts';
import { components } from '../../../src/catalog/components.ts';
import { hardeningChecks } from '../../../src/catalog/hardening/hardening.ts';
import type { BundleFile } from '../../../src/verify/bundle.ts';
import { clusters, type Fault, ofOther, ownedBy, replaced, text, withMode, without } from './faulty.ts';

type Seed = Required<Pick<Fault, 'fault' | 'change'>>;
type Family = (file: BundleFile, host: string) => readonly Seed[];

const isEnvironment = ({ path }: BundleFile) => components.some(({ envFile }) => envFile === path);
const isCertificate = ({ path }: BundleFile) =>
  certificates.some(({ delivery: { kind, path: stem } }) => kind === 'files' && path === `${stem}.crt`);
const isPrivateKey = ({ content }: BundleFile) => content.includes('PRIVATE KEY-----');
const isKubeconfig = ({ path }: BundleFile) => /\/auth\/.*\.conf$/.test(path);

/** Flags that files of other hosts or the bundle itself depend on, by the words of an environment file. */
const dependent =
  /^--(?:.*file|.*cafile|etcd-servers|service-cluster-ip-range|cluster-cidr|secure-port|advertise-address|kubeconfig|config|hostname-override|node-ip|authorization-mode|enable-admission-plugins|service-account-issuer|use-service-account-credentials|bind-address)=/;

/** Flags that guidance wants, and whose daemons do less for it without them. */
function isHardening(word: string, { path }: BundleFile): boolean {
  const component = components.find(({ envFile }) => envFile === path)?.name;
  const [flag = ''] = word.split('=');
  return hardeningChecks.some(
    (check) =>
      check.kind === 'flag' &&
      check.component === component &&
      [check.target].flat().includes(flag) &&
      check.absentVerdict === 'fail',
  );
}

/** Flags and their values out of an environment file. */
const wordsOf = (file: BundleFile) =>
  isEnvironment(file)
    ? [...file.content.toString().matchAll(/--[a-z-]+=[^\s"\\]*/g)].map(([word]) => word)
    : [];

/** Takes a flag out, with the way in which it is broken over lines. */
const withoutWord = (word: string) =>
  replaced(new RegExp(` *${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?= |"|$)(?: \\\\\\n *)?`, 'm'), '');

const variablesOf = (file: BundleFile) => [
  ...file.content.toString().matchAll(/^(ETCD[A-Z]*_[A-Z_]+)=.*\n/gm),
];

export const families: Readonly<Record<string, Family>> = {
  'a file is lost': () => [{ fault: 'lost', change: without }],
  'all may write a file': () => [{ fault: 'writable', change: withMode(0o666) }],
  'a file has another owner': (file) =>
    file.owner === 'root' || isKubeconfig(file) ? [] : [{ fault: 'of root', change: ownedBy('root') }],
  'a flag is lost': (file) =>
    wordsOf(file)
      .filter((word) => dependent.test(word))
      .map((word) => ({ fault: `without ${word}`, change: withoutWord(word) })),
  'a flag that hardens is lost': (file) =>
    wordsOf(file)
      .filter((word) => !dependent.test(word) && isHardening(word, file))
      .map((word) => ({ fault: `without ${word}`, change: withoutWord(word) })),
  'a path in a flag is renamed': (file) =>
    wordsOf(file)
      .filter((word) => /=\/etc\/kubernetes\//.test(word))
      .map((word) => ({
        fault: `${word} renamed`,
        change: replaced(word, word.replace(/(\.[a-z]+)$/, '-old$1')),
      })),
  'a variable of etcd or etcdctl is lost': (file) =>
    variablesOf(file).map(([line, name]) => ({ fault: `without ${name}`, change: replaced(line, '') })),
  'a unit of the control plane lets its daemon do more': (file) =>
    ['User=', 'NoNewPrivileges=', 'ProtectSystem=']
      .filter((directive) => isDaemon(file) && file.content.includes(`\n${directive}`))
      .map((directive) => ({
        fault: `without ${directive}`,
        change: replaced(new RegExp(`^${directive}.*\\n`, 'm'), ''),
      })),
  'a certificate or key is that of another cluster': (file, host) =>
    isCertificate(file) || isPrivateKey(file) ? [{ fault: 'foreign', change: ofOther('foreign', host) }] : [],
  'a certificate is damaged': (file) =>
    isCertificate(file) ? [{ fault: 'damaged', change: text((before) => before.slice(0, 200)) }] : [],
  'a kubeconfig is that of another cluster': (file, host) =>
    isKubeconfig(file) ? [{ fault: 'foreign', change: ofOther('foreign', host) }] : [],
};

/** Daemons of the control plane, which guidance wants in accounts of their own and in sandboxes. */
function isDaemon({ path }: BundleFile): boolean {
  return /\/(?:etcd|kube-(?:apiserver|controller-manager|scheduler))\.service$/.test(path);
}

/** Hosts of each kind; of the clusters with another bootstrap method only where it differs. */
const hosts = { secret: ['m2', 'w1'], signed: ['w1'], file: ['w1'] } as const;

/** Every fault of every family, on one host of each kind. */
export async function faultsOfFamilies(): Promise<(Fault & { readonly family: string })[]> {
  const names = Object.keys(hosts) as (keyof typeof hosts)[];
  const all = await Promise.all(
    names.map(async (cluster) => {
      const bundles = (await clusters[cluster]).good.bundles.filter(({ host }) =>
        (hosts[cluster] as readonly string[]).includes(host),
      );
      return bundles.flatMap(({ host, files }) =>
        files.flatMap((file) =>
          Object.entries(families).flatMap(([family, seedsOf]) =>
            seedsOf(file, host).map((seed) => ({ ...seed, family, cluster, host, file: file.path })),
          ),
        ),
      );
    }),
  );
  return all.flat();
}
