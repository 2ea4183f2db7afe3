/** What the evaluators look at: a host among the hosts of its cluster, and the lookups that they share. */
import { componentKeyOf } from '../catalog/daemons.ts';
import type { HardeningCheck } from '../catalog/hardening/hardening.ts';
import type { FoundOwnership } from '../model/file.ts';
import type { HostBundle } from '../verify/bundle.ts';
import type { Setting } from '../verify/read-unit.ts';
import { type ClusterView, etcdVariableName, type HostView } from '../verify/view.ts';

/** A folder of a host, with its mode and owner. */
export interface HeldDirectory extends FoundOwnership {
  readonly path: string;
}

/** What a tree of files that somebody else made does not tell, and why; undefined: it tells. */
export interface Untold {
  /** Of a check on a host, before anything is looked at. */
  readonly reason: (check: HardeningCheck, host: HostView) => string | undefined;
  /** Of a target that a check does not find. */
  readonly absence: (check: HardeningCheck, host: HostView, label: string) => string | undefined;
}

/** A host's bundle with what its manifest says of folders. */
export interface AuditedHost {
  readonly bundle: HostBundle;
  readonly directories: readonly HeldDirectory[];
}

export interface AuditInput {
  readonly kubernetesMinor: string;
  readonly etcdMinor: string;
  readonly bundles: readonly AuditedHost[];
  /** The text of install.sh, the same for all hosts. */
  readonly installScript: string;
  /** The same bundles as checks see them, where somebody has read them before. */
  readonly view?: ClusterView;
  /** Absent where the files are all there is. */
  readonly untold?: Untold;
}

export interface Scope {
  readonly input: AuditInput;
  readonly cluster: ClusterView;
  readonly host: HostView;
  readonly directories: readonly HeldDirectory[];
  readonly benchmark: string;
  readonly check: HardeningCheck;
}

/** A setting where it stands; `value` is undefined where it is not set. */
export interface Found {
  readonly label: string;
  readonly value: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** Whether its value must not be shown. */
  readonly isSecret?: boolean;
}

/** Whether a daemon runs on a host: its unit is there. */
export function runs(host: HostView, component: string): boolean {
  return host.units.some(({ name }) => name === `${component}.service`);
}

/** A flag of a daemon on a host, `--name`; of etcd the flag, or the variable of the same meaning. */
export function flagOf(host: HostView, component: string, flag: string): Found {
  const name = flag.replace(/^--/, '');
  const label = `${flag} of ${component}`;
  if (component === 'etcd') return etcdFlag(host, name, label);
  const key = componentKeyOf(component);
  const found = key === undefined ? undefined : host.command(key)?.flag(name);
  return found === undefined
    ? { label, value: undefined, ...placeOf(host, component) }
    : { label, value: found.value, file: found.file, line: found.line };
}

/** Where the flags of a daemon are read from, for what is missing there. */
function placeOf(host: HostView, component: string): Pick<Found, 'file' | 'line'> {
  const files = environmentFiles(host, component);
  const unit = host.units.find(({ name }) => name === `${component}.service`);
  return { file: files.at(-1) ?? unit?.path };
}

function etcdFlag(host: HostView, name: string, label: string): Found {
  const found = host.etcdFlag(name);
  const variableLabel = `${etcdVariableName(name)} of etcd`;
  if (found === undefined)
    return { label: variableLabel, value: undefined, file: environmentFiles(host, 'etcd')[0] };
  // Environment files are told from units by what they are, not by their place.
  const isVariable = environmentFiles(host, 'etcd').includes(found.file);
  return {
    label: isVariable ? variableLabel : label,
    value: found.value,
    file: found.file,
    line: found.line,
  };
}

/** The environment files that a unit names and the bundle has. */
export function environmentFiles(host: HostView, component: string): string[] {
  return unitSettings(host, component)
    .filter(({ setting }) => setting.name === 'EnvironmentFile')
    .map(({ setting }) => setting.value.replace(/^-/, ''))
    .filter((path) => host.file(path) !== undefined);
}

/** The settings of a unit and of its drop-ins, in order. */
export function unitSettings(
  host: HostView,
  component: string,
): readonly { readonly path: string; readonly setting: Setting }[] {
  return host.units
    .filter(({ name }) => name === `${component}.service`)
    .flatMap(({ path, settings }) => settings.map((setting) => ({ path, setting })));
}

/** Flags by which a daemon is told of its configuration files, by kind of document. */
const configFlags: Readonly<Record<string, readonly [component: string, flag: string, kind: string]>> = {
  KubeletConfiguration: ['kubelet', '--config', 'KubeletConfiguration'],
  KubeProxyConfiguration: ['kube-proxy', '--config', 'KubeProxyConfiguration'],
  KubeSchedulerConfiguration: ['kube-scheduler', '--config', 'KubeSchedulerConfiguration'],
  EncryptionConfiguration: ['kube-apiserver', '--encryption-provider-config', 'EncryptionConfiguration'],
  AuditPolicy: ['kube-apiserver', '--audit-policy-file', 'Policy'],
  AdmissionConfiguration: ['kube-apiserver', '--admission-control-config-file', 'AdmissionConfiguration'],
  AuthenticationConfiguration: ['kube-apiserver', '--authentication-config', 'AuthenticationConfiguration'],
};

/** The document of a kind that a daemon is told to read; undefined where none is told, or it is not there. */
export function configDocument(host: HostView, name: string) {
  const row = configFlags[name];
  if (row === undefined) throw new Error(`no such configuration: ${name}`);
  const [component, flag, kind] = row;
  const { value, file, line } = flagOf(host, component, flag);
  const place = host.ofKind(kind).find(({ path }) => path === value);
  return { place, component, flag: { label: `${flag} of ${component}`, value, file, line } };
}

/** Whether a text is read as true by systemd. */
export function isYes(value: string): boolean {
  return /^(?:1|yes|y|true|t|on)$/i.test(value);
}
