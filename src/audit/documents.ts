/** Operators on whole documents: audit policies, authentication, manifests, install.sh. */
import { isRecord, itemsAt, textAt, valueAt } from '../verify/read-yaml.ts';
import { keyFiles, kubeconfigsNamed } from './credentials.ts';
import type { Outcome } from './result.ts';
import { type AuditInput, configDocument, flagOf, type Scope } from './scope.ts';

/** API groups of the resources that checks name; all others are in the core group. */
const groups: Readonly<Record<string, string>> = {
  tokenreviews: 'authentication.k8s.io',
  deployments: 'apps',
};

const levels = ['None', 'Metadata', 'Request', 'RequestResponse'];

interface Rule {
  readonly value: unknown;
  readonly line: number;
  readonly level: number;
  /** Whether it is for some requests for the resource only. */
  readonly isPartial: boolean;
  readonly namesCallers: boolean;
}

function rulesFor(
  scope: Scope,
  resource: string,
): { readonly file: string | undefined; readonly rules: readonly Rule[] } {
  const { place, flag } = configDocument(scope.host, 'AuditPolicy');
  const rules = itemsAt(place?.document.value, 'rules').flatMap((value, index) => {
    if (!matchesResource(value, resource)) return [];
    const has = (name: string) => itemsAt(value, name).length > 0;
    const namesCallers = has('users') || has('userGroups');
    const named = itemsAt(value, 'resources').some((one) => itemsAt(one, 'resourceNames').length > 0);
    return [
      {
        value,
        line: place?.document.lineOf(['rules', index]) ?? 1,
        level: levels.indexOf(textAt(value, 'level') ?? ''),
        isPartial: namesCallers || has('verbs') || has('namespaces') || named,
        namesCallers,
      },
    ];
  });
  return { file: place?.path ?? flag.file, rules };
}

/** A rule without resources is for all of them, unless it is for other URLs. */
function matchesResource(rule: unknown, resource: string): boolean {
  const written = itemsAt(rule, 'resources');
  if (written.length === 0) return itemsAt(rule, 'nonResourceURLs').length === 0;
  const [base = '', sub] = resource.split('/');
  const group = groups[resource] ?? '';
  return written.some((one) => {
    const names = itemsAt(one, 'resources');
    if ((textAt(one, 'group') ?? '') !== group) return false;
    if (names.length === 0) return true;
    const wanted = ['*', resource, ...(sub === undefined ? [] : [`${base}/*`, `*/${sub}`])];
    return names.some((name) => wanted.includes(String(name)));
  });
}

function outcome(isGood: boolean, message: string, file?: string, line?: number): Outcome {
  return { status: isGood ? 'pass' : 'fail', message, file, line };
}

/** Each resource is logged at Metadata or more by the rule that decides. */
export function auditPolicyCovers(scope: Scope, wanted: unknown): Outcome[] {
  return (wanted as readonly string[]).map((resource) => {
    const { file, rules } = rulesFor(scope, resource);
    const deciding = rules.find(
      ({ isPartial, level, namesCallers }) => !isPartial || (level === 0 && !namesCallers),
    );
    const isLogged = (deciding?.level ?? 0) >= 1;
    return outcome(isLogged, `${resource}: ${isLogged ? 'logged' : 'not logged'}`, file, deciding?.line);
  });
}

/** No content of these resources gets into the log. */
export function auditPolicyNoBodies(scope: Scope, wanted: unknown): Outcome[] {
  return (wanted as readonly string[]).flatMap((resource) => {
    const { file, rules } = rulesFor(scope, resource);
    if (file === undefined) return [];
    const end = rules.findIndex(({ isPartial }) => !isPartial);
    const asked = end < 0 ? rules : rules.slice(0, end + 1);
    const loud = asked.find(({ level }) => level >= 2);
    const message = `${resource}: content ${loud === undefined ? 'is not' : 'is'} logged`;
    return [outcome(loud === undefined, message, file, (loud ?? asked.at(-1))?.line)];
  });
}

const healthPaths = ['/healthz', '/livez', '/readyz'];

/** Requests without a credential are answered for health checks at most. */
export function anonymousForHealthOnly({ host }: Scope): Outcome[] {
  const { place } = configDocument(host, 'AuthenticationConfiguration');
  if (place === undefined) return [];
  const anonymous = valueAt(place.document.value, 'anonymous');
  const paths = itemsAt(anonymous, 'conditions').map((one) => textAt(one, 'path') ?? '');
  const isOff = valueAt(anonymous, 'enabled') === false;
  const isLimited = paths.length > 0 && paths.every((path) => healthPaths.includes(path));
  const message = isOff
    ? 'anonymous requests are refused'
    : `anonymous requests: ${paths.join(', ') || 'everywhere'}`;
  return [outcome(isOff || isLimited, message, place.path, place.document.lineOf(['anonymous']))];
}

const script = 'install.sh';

interface ScriptLine {
  readonly text: string;
  readonly line: number;
}

const knownLines = new WeakMap<AuditInput, readonly ScriptLine[]>();

/** Lines of install.sh that are commands, not comments; read once for all hosts. */
function scriptLines({ input }: Scope): readonly ScriptLine[] {
  const known = knownLines.get(input);
  if (known !== undefined) return known;
  const lines = input.installScript
    .split('\n')
    .map((text, index) => ({ text, line: index + 1 }))
    .filter(({ text }) => !/^\s*#/.test(text));
  knownLines.set(input, lines);
  return lines;
}

/** No command of install.sh looks like this. */
export function scriptNotMatches(scope: Scope, wanted: unknown): Outcome[] {
  const pattern = new RegExp(String(wanted));
  const found = scriptLines(scope).find(({ text }) => pattern.test(text));
  const message = found === undefined ? 'no command of the kind' : found.text.trim();
  return [outcome(found === undefined, message, script, found?.line)];
}

/** What install.sh fetches, and what it unpacks, is compared with sums that come with the bundle. */
export function verifiesDownloads(scope: Scope, wanted: unknown): Outcome[] {
  const lines = scriptLines(scope);
  const isSum = new RegExp(`\\b(?:${(wanted as readonly string[]).join('|')})sum\\b.*--check`);
  const sum = lines.find(({ text }) => isSum.test(text));
  const message = sum === undefined ? 'compares nothing with a sum' : sum.text.trim();
  return [outcome(sum !== undefined, message, script, sum?.line)];
}

/** Secret files get their mode from install.sh and the manifest, not from the umask. */
export function setsModesExplicitly(scope: Scope): Outcome[] {
  const { host, cluster } = scope;
  const setting = scriptLines(scope).find(({ text }) => /\b(?:install\b.*\s-m|chmod)\b/.test(text));
  const encryption = flagOf(host, 'kube-apiserver', '--encryption-provider-config').value;
  const secret = [
    ...keyFiles(host).map(({ file }) => file),
    ...kubeconfigsNamed(cluster, host, '*').map(({ path }) => path),
    ...(encryption === undefined ? [] : [encryption]),
  ];
  const loose = secret.find((path) => (host.file(path)?.mode ?? 0o600) & 0o007);
  if (setting === undefined) return [outcome(false, 'sets no modes', script)];
  if (loose !== undefined) return [outcome(false, `${loose} may be read by all`, loose)];
  return [outcome(true, setting.text.trim(), script, setting.line)];
}

/** No manifest and no command gives cluster-admin to these names. */
export function noClusterAdminBinding(scope: Scope, wanted: unknown): Outcome[] {
  const names = wanted as readonly string[];
  const { host } = scope;
  const bindings = ['ClusterRoleBinding', 'RoleBinding'].flatMap((kind) => host.ofKind(kind));
  const manifests = bindings.flatMap(({ path, document }) => {
    if (textAt(document.value, 'roleRef', 'name') !== 'cluster-admin') return [];
    const index = itemsAt(document.value, 'subjects').findIndex(
      (subject) => isRecord(subject) && names.includes(String(subject.name)),
    );
    if (index < 0) return [];
    const name = textAt(document.value, 'subjects', index, 'name');
    return [outcome(false, `cluster-admin for ${name}`, path, document.lineOf(['subjects', index]))];
  });
  const command = scriptLines(scope).find(({ text }) => /clusterrolebinding.*cluster-admin/.test(text));
  if (command !== undefined) return [...manifests, outcome(false, command.text.trim(), script, command.line)];
  return manifests.length > 0 ? manifests : [outcome(true, 'no such binding', bindings[0]?.path ?? script)];
}
