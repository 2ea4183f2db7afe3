/** Targets that have a value as text: flags, fields of configuration files, directives of units, tokens. */
import { posix } from 'node:path';
import { daemonGroups, daemonNames } from '../catalog/daemons.ts';
import { bootstrapTokenManifest } from '../catalog/paths.ts';
import { textAt } from '../verify/read-yaml.ts';
import type { HostView, YamlPlace } from '../verify/view.ts';
import { fieldsAt, fieldText } from './fields.ts';
import {
  configDocument,
  environmentFiles,
  type Found,
  flagOf,
  runs,
  type Scope,
  unitSettings,
} from './scope.ts';

/** The places of a target on a host. None: there is nothing of its kind here. */
export function settingsOf(scope: Scope, target: string, index = 0): Found[] {
  if (target.startsWith('--')) return flags(scope, target, index);
  const [component = '', flag] = target.split(':');
  if (flag?.startsWith('--')) return [flagOf(scope.host, component, flag)];
  if (component === 'unit') return directives(scope.host, target);
  if (component === 'kubeconfig') return kubeconfigFields(scope.host, target);
  if (component === 'bootstrap-token') return tokens(scope.host, flag ?? '');
  return configFields(scope, target, index);
}

function flags({ host, check }: Scope, flag: string, index: number): Found[] {
  const components =
    check.component === 'any' ? daemonNames.filter((name) => runs(host, name)) : [check.component];
  return components.map((component) => {
    const found = flagOf(host, component, flag);
    const replaced =
      found.value !== undefined || index > 0 ? undefined : replacement(host, component, check.alias);
    // Of several daemons, each that is told nothing is known by its flag.
    return check.component === 'any' && replaced?.value === undefined ? found : (replaced ?? found);
  });
}

/** The field that counts once a daemon is told of a configuration file. */
function replacement(host: HostView, component: string, alias: Scope['check']['alias']): Found | undefined {
  const path = alias?.['config-field'];
  if (path === undefined) return undefined;
  const [kind = '', field = ''] = path.split(':');
  const { place, component: reader } = configDocument(host, kind);
  return place === undefined || reader !== component ? undefined : fieldFound(place, path, field)[0];
}

function configFields({ host, check }: Scope, target: string, index: number): Found[] {
  const colon = target.indexOf(':');
  const [kind, path] = [target.slice(0, colon), target.slice(colon + 1)];
  const override = [check.alias?.flag ?? []].flat()[index];
  const flag = override === undefined ? undefined : flagOf(host, check.component, override);
  if (flag?.value !== undefined) return [flag];
  const { place, flag: named } = configDocument(host, kind);
  if (place === undefined) return [{ ...named, label: `${path} of ${kind}`, value: undefined }];
  return fieldFound(place, target, path);
}

function fieldFound({ path: file, document }: YamlPlace, target: string, path: string): Found[] {
  const isSecret = path.endsWith('.secret');
  return fieldsAt(document.value, path).map(({ steps, value }) => ({
    label: target.replace(':', ' '),
    value: fieldText(value),
    file,
    line: document.lineOf(steps),
    isSecret,
  }));
}

/** `unit:NAME:Directive`; `control-plane` and `*` stand for several units, `A+B` for several directives. */
function directives(host: HostView, target: string): Found[] {
  const [, unit = '', directive = ''] = target.split(':');
  const names = directive.split('+');
  const units = daemonGroups[unit]?.filter((name) => runs(host, name)) ?? [unit];
  return units.flatMap((name) => {
    const found = unitSettings(host, name).filter(({ setting }) => names.includes(setting.name));
    const [first] = unitSettings(host, name);
    const label = `${directive} of ${name}.service`;
    if (found.length === 0) return [{ label, value: undefined, file: first?.path }];
    const counted = names.length > 1 ? found : found.slice(-1);
    const variables = names.includes('Environment') ? environmentText(host, name) : [];
    return [
      ...counted.map(({ path, setting }) => ({
        label: `${setting.name} of ${name}.service`,
        value: setting.value,
        file: path,
        line: setting.line,
        // Whole command lines are searched for secrets: what is found is not shown.
        isSecret: names.length > 1,
      })),
      ...variables,
    ];
  });
}

/** What environment files put on a command line. */
function environmentText(host: HostView, unit: string): Found[] {
  return environmentFiles(host, unit).map((file) => ({
    label: posix.basename(file),
    value: host.text(file),
    file,
    isSecret: true,
  }));
}

/** `kubeconfig:*:PATH` in every kubeconfig. */
function kubeconfigFields(host: HostView, target: string): Found[] {
  const path = target.split(':').slice(2).join(':');
  return host.ofKind('Config').flatMap((place) =>
    fieldsAt(place.document.value, path).map(({ steps, value }) => ({
      label: `${path} of ${posix.basename(place.path)}`,
      value: fieldText(value),
      file: place.path,
      line: place.document.lineOf(steps),
    })),
  );
}

/** Bootstrap tokens of a host: the Secret, the token file of the API server, a kubelet's kubeconfig. */
function tokens(host: HostView, part: string): Found[] {
  return [...secretTokens(host, part), ...fileTokens(host, part), ...kubeconfigTokens(host, part)];
}

function secretTokens(host: HostView, part: string): Found[] {
  const places = host
    .ofKind('Secret')
    .filter(({ document }) => document.value.type === 'bootstrap.kubernetes.io/token');
  return places.map(({ path: file, document }) => {
    const read = (name: string) => textAt(document.value, 'stringData', name);
    const values: Readonly<Record<string, string | undefined>> = {
      // Without any, the group is system:bootstrappers.
      groups: read('auth-extra-groups') ?? 'system:bootstrappers',
      expiration: read('expiration'),
      value: `${read('token-id')}.${read('token-secret')}`,
    };
    const steps = [
      'stringData',
      { expiration: 'expiration', value: 'token-secret' }[part] ?? 'auth-extra-groups',
    ];
    return found(part, 'the bootstrap token Secret', values[part], file, document.lineOf(steps));
  });
}

function fileTokens(host: HostView, part: string): Found[] {
  const { value: file } = flagOf(host, 'kube-apiserver', '--token-auth-file');
  const text = file === undefined ? undefined : host.text(file);
  return (text ?? '').split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const [token, , , groups] = line.match(/"[^"]*"|[^",]+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
    // A token file has no moment of expiry.
    const values: Readonly<Record<string, string | undefined>> = { groups, value: token };
    return [found(part, 'the token file', values[part], file, index + 1)];
  });
}

function kubeconfigTokens(host: HostView, part: string): Found[] {
  const { value: path } = flagOf(host, 'kubelet', '--bootstrap-kubeconfig');
  const place = host.ofKind('Config').find((one) => one.path === path);
  const token = textAt(place?.document.value, 'users', 0, 'user', 'token');
  if (part !== 'value' || place === undefined || token === undefined) return [];
  const line = place.document.lineOf(['users', 0, 'user', 'token']);
  return [found(part, 'the bootstrap kubeconfig', token, place.path, line)];
}

function found(
  part: string,
  where: string,
  value: string | undefined,
  file: string | undefined,
  line: number,
): Found {
  return { label: `${part} of ${where}`, value, file, line, isSecret: part === 'value' };
}

/** Whether an object that `whenPresent` names is on a host. */
export function isPresent(host: HostView, name: string): boolean {
  if (name !== 'bootstrap-token') throw new Error(`no such object: ${name}`);
  return host.file(bootstrapTokenManifest) !== undefined || tokens(host, 'value').length > 0;
}
