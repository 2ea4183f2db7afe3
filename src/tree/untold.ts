/** What a tree of files does not tell: a check of that neither passes nor fails. */
import { certificateFiles } from '../audit/credentials.ts';
import { configDocument, type Untold } from '../audit/scope.ts';
import { daemonGroups, daemonNames } from '../catalog/daemons.ts';
import type { HardeningCheck } from '../catalog/hardening/hardening.ts';
import type { HostView } from '../verify/view.ts';
import type { TreeHost } from './host.ts';
import type { StartKind } from './start.ts';

/** For the hosts of a cluster. */
export function untoldOf(hosts: readonly TreeHost[]): Untold {
  const byView = new Map(hosts.map((host) => [host.view, host]));
  const hostOf = (view: HostView): TreeHost => {
    const host = byView.get(view);
    if (host === undefined) throw new Error(`no tree of ${view.name}`);
    return host;
  };
  return {
    reason: (check, view) => rules.map((rule) => rule(check, hostOf(view))).find((why) => why !== undefined),
    absence: (check, view, label) =>
      check.component === 'any' && check.kind === 'flag'
        ? ofDaemonUntold(hostOf(view), label.split(' of ')[1] ?? '')
        : isSetting(check) || isRightlyAbsent(check, view)
          ? undefined
          : `${label} is not in the tree`,
  };
}

/** Where a flag of any daemon may stand instead: all that some are told is in the files that they are started with. */
const configKinds: Readonly<Record<string, string>> = {
  kubelet: 'KubeletConfiguration',
  'kube-proxy': 'KubeProxyConfiguration',
};

/** What a daemon is not told by its flags it may be told by a file that was not copied. */
function ofDaemonUntold(host: TreeHost, program: string): string | undefined {
  const kind = kindOf(host, program);
  if (kind === undefined || kind === 'assumed')
    return `no unit and no static pod of ${program} is in the tree`;
  const document = configKinds[program];
  return document === undefined ? undefined : unreadable(host.view, document);
}

function unreadable(view: HostView, kind: string): string | undefined {
  const { place, flag } = configDocument(view, kind);
  return place === undefined && flag.value !== undefined
    ? `${flag.value} is not in the tree, or cannot be read`
    : undefined;
}

/** Settings that are missing where their daemon's are known are not set; all else may just not be in the tree. */
function isSetting({ kind }: HardeningCheck): boolean {
  return kind === 'flag' || kind === 'config-field' || kind === 'unit';
}

/** What must not be there is not, where what lies beside it is. */
function isRightlyAbsent({ expect }: HardeningCheck, view: HostView): boolean {
  const wantsNone = ['absent', 'presentOnlyOn', 'absentUnlessReferenced'].includes(expect.op);
  return wantsNone && certificateFiles(view).length > 0;
}

type Rule = (check: HardeningCheck, host: TreeHost) => string | undefined;

const rules: readonly Rule[] = [
  ({ component }) => (component === 'install' ? 'there is no install.sh in a tree' : undefined),
  settingsAreThere,
  unitsAreUnits,
  unitFilesAreThere,
  configurationIsThere,
  ({ kind }, { lostOwners }) =>
    kind === 'file-owner' && lostOwners
      ? 'all files have the same owner, so the copy has lost those of the host'
      : undefined,
  keysAreThere,
  referencesAreThere,
];

function kindOf(host: TreeHost, program: string): StartKind | undefined {
  return host.starts.find((start) => start.program === program)?.kind;
}

/** Programs whose settings a check looks at. */
function programsOf({ component, target }: HardeningCheck): string[] {
  const named = [target]
    .flat()
    .flatMap((one) => daemonNames.filter((program) => one.startsWith(`${program}:--`)));
  return daemonNames.includes(component) ? [component, ...named] : named;
}

function settingsAreThere(check: HardeningCheck, host: TreeHost): string | undefined {
  if (check.kind === 'file-mode' || check.kind === 'file-owner') return undefined;
  const missing = programsOf(check).find((program) => {
    const kind = kindOf(host, program);
    return kind === undefined || kind === 'assumed';
  });
  return missing === undefined ? undefined : `no unit and no static pod of ${missing} is in the tree`;
}

/** Of `unit:NAME:Directive` the programs; a whole command line can be told of pods too. */
function unitsAreUnits({ target }: HardeningCheck, host: TreeHost): string | undefined {
  const [kind, unit = '', directive = ''] = [target].flat()[0]?.split(':') ?? [];
  if (kind !== 'unit' || directive === '') return undefined;
  const group = daemonGroups[unit] ?? [unit];
  const kinds = group.map((program) => [program, kindOf(host, program)] as const);
  // Command lines of pods are told.
  const isUnitsOwn = directive !== 'ExecStart+Environment';
  const other = kinds.find(([, one]) => (isUnitsOwn && one === 'static-pod') || one === 'packaged');
  if (other === undefined)
    return kinds.some(([, one]) => one === 'unit' || one === 'static-pod')
      ? undefined
      : 'no unit is in the tree';
  return other[1] === 'packaged'
    ? `the unit of ${other[0]} is not in the tree`
    : `${other[0]} is a static pod, no unit`;
}

function unitFilesAreThere({ kind, target }: HardeningCheck, host: TreeHost): string | undefined {
  if (kind !== 'file-mode' && kind !== 'file-owner') return undefined;
  const [, program] = /^unit:([^:]+)$/.exec([target].flat()[0] ?? '') ?? [];
  return program !== undefined && kindOf(host, program) === 'packaged'
    ? `the unit of ${program} is not in the tree`
    : undefined;
}

/** A daemon that is told of a file which was not copied may be told anything there. */
function configurationIsThere({ target, alias }: HardeningCheck, { view }: TreeHost): string | undefined {
  const places = [
    ...[target].flat(),
    ...(alias?.['config-field'] === undefined ? [] : [alias['config-field']]),
  ];
  for (const place of places) {
    const [kind = ''] = place.split(':');
    if (!/^[A-Z]\w+$/.test(kind)) continue;
    const why = unreadable(view, kind);
    if (why !== undefined) return why;
  }
  return undefined;
}

function keysAreThere({ kind, target }: HardeningCheck, { isRedacted }: TreeHost): string | undefined {
  const isOfKeys = kind === 'certificate' && [target].flat().some((one) => /(?:^|:)key:/.test(one));
  return isRedacted && isOfKeys ? 'the tree has fingerprints in place of keys' : undefined;
}

/** Which flags name a key is known only where all daemons are. */
function referencesAreThere({ expect }: HardeningCheck, { starts }: TreeHost): string | undefined {
  if (!['referencedByHost', 'absentUnlessReferenced'].includes(expect.op)) return undefined;
  const assumed = starts.find(({ kind }) => kind === 'assumed');
  return assumed === undefined ? undefined : `no unit and no static pod of ${assumed.program} is in the tree`;
}
