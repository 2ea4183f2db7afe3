/** Reads the manifests of addons.extra; what is wrong with them is told at the inventory's line that names them. */
import {
  type FoundObject,
  type ManifestProblem,
  objectName,
  readManifest,
  withoutPlace,
} from '../addons/manifest.ts';
import { ownAddons } from '../addons/own.ts';
import type { AddonName } from '../catalog/addons.ts';
import { removedApis } from '../catalog/upgrades/removed-apis.ts';
import type { Io } from '../cli/io.ts';
import { quote } from '../diagnostics/visible.ts';
import type { Problem } from '../inventory/problem.ts';
import { templatesDir } from '../lib/package-root.ts';
import { compareMinors } from '../lib/version.ts';
import type { ExtraManifest } from '../model/addon.ts';
import type { Cluster } from '../model/cluster.ts';
import { loadTemplates } from '../render/template.ts';
import { localPath } from './local-path.ts';

/** What the files hold; kept apart from the Cluster, which anything may print. */
export interface ReadExtraManifests {
  readonly problems: readonly Problem[];
  /** Those that could be read, in the order of the inventory. */
  readonly manifests: readonly ExtraManifest[];
}

export const nothingExtra: ReadExtraManifests = { problems: [], manifests: [] };

/** The bundles of large monitoring stacks have this size; all of it is parsed at each command. */
const mostMebibytes = 4;

/** The manifests of a cluster. */
export function readExtraManifests(cluster: Cluster, inventory: string, io: Io): ReadExtraManifests {
  const { extra } = cluster.addons;
  if (extra.length === 0) return nothingExtra;
  const problems: Problem[] = [];
  const manifests: ExtraManifest[] = [];
  const seen = createRegister(cluster);
  for (const [index, file] of extra.entries()) {
    const shown = localPath(inventory, file);
    const at = { path: ['addons', 'extra', index] } as const;
    const read = io.readLocalFile(shown, mostMebibytes);
    if ('problem' in read) {
      const fix =
        read.problem === 'it is a folder'
          ? 'name each of its files: the order in which they are applied matters'
          : 'name a file on this machine, relative to the inventory';
      problems.push({
        ...at,
        code: 'unreadable-file',
        message: `cannot read ${quote(shown)}: ${read.problem}`,
        fix,
      });
      continue;
    }
    const content = read.text.replace(/^\ufeff/, '');
    const manifest = readManifest(content);
    const place = (line: number) => `${quote(shown)}, line ${line},`;
    problems.push(
      ...manifest.problems.map((problem) => formProblem(problem, place, at.path)),
      ...manifest.objects.flatMap((object) => [
        ...goneApis(object, cluster, place(object.line)).map((found) => ({ ...at, ...found })),
        ...missingProtocols(object, cluster, place(object.line)).map((found) => ({ ...at, ...found })),
        ...seen(object, `${quote(shown)}, line ${object.line}`).map((found) => ({ ...at, ...found })),
      ]),
    );
    manifests.push({ file, content, review: manifest.review, objects: manifest.objects.map(withoutPlace) });
  }
  return { problems, manifests };
}

/** Enough to see what kind of mistake it is. */
function formProblem(
  { line, message, fix }: ManifestProblem,
  place: (line: number) => string,
  path: Problem['path'],
): Problem {
  return { code: 'invalid-manifest', path, message: `${place(line)} ${message}`, fix };
}

type Found = Pick<Problem, 'code' | 'message' | 'fix'>;

/** Built-in APIs that the version no longer serves: it would refuse the object for ever. */
function goneApis({ apiVersion, kind }: FoundObject, { kubernetes }: Cluster, place: string): Found[] {
  return removedApis
    .filter((row) => row.api === apiVersion && row.kinds.includes(kind))
    .filter((row) => compareMinors(kubernetes.minor, row.minor) >= 0)
    .map(({ minor, successor }) => ({
      code: 'version-mismatch',
      message: `${place} has a ${kind} of ${apiVersion}, which Kubernetes has not served since ${minor}`,
      fix: successor === undefined ? 'take it out: it has no successor' : `use ${successor}`,
    }));
}

/** The first minor whose server-side apply knows that a port of a Service is TCP unless told (kubernetes#98576). */
const firstWithProtocolDefault = '1.21';

function missingProtocols(object: FoundObject, { kubernetes }: Cluster, place: string): Found[] {
  if (!object.lacksProtocol || compareMinors(kubernetes.minor, firstWithProtocolDefault) >= 0) return [];
  const message = `${place} has ${objectName(object)} with a port without protocol, which server-side apply of Kubernetes ${kubernetes.minor} refuses`;
  return [{ code: 'version-mismatch', message, fix: 'write "protocol: TCP" below the port' }];
}

/** What an inventory says to go without an addon; undefined: no cluster does. */
const settingsWithout: Readonly<Record<AddonName, string | undefined>> = {
  rbac: undefined,
  'pod-security-policy': 'security.podSecurity: privileged',
  flannel: 'addons.flannel: false',
  coredns: 'addons.coredns: false',
};

/** Remembers objects and tells of one that was there before; hardway's own are. */
function createRegister(cluster: Cluster): (object: FoundObject, place: string) => Found[] {
  const places = new Map<string, { readonly text: string; readonly fix: string }>();
  for (const { name, objects } of ownAddons(cluster, loadTemplates(templatesDir))) {
    const setting = settingsWithout[name];
    const fix = setting === undefined ? 'take it out' : `take it out, or set ${setting} and keep it`;
    const own = { text: `hardway's own addon ${name}`, fix };
    for (const object of objects) places.set(identityOf(object), own);
  }
  return (object, place) => {
    const identity = identityOf(object);
    const before = places.get(identity);
    places.set(identity, before ?? { text: place, fix: 'keep one of the two' });
    if (before === undefined) return [];
    const message = `${place}, describes ${objectName(object)}, as ${before.text} does`;
    return [{ code: 'duplicate-object', message, fix: before.fix }];
  };
}

/** The API server knows an object by these, whichever version of its group names it. */
function identityOf({ apiVersion, kind, namespace, name }: FoundObject): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return JSON.stringify([group, kind, namespace ?? 'default', name]);
}
