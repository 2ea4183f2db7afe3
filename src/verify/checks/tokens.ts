/** Bootstrap: one token, well-formed, known to the API servers and given to every kubelet that needs it. */
import { authDir, bootstrapTokenManifest, tokenFile } from '../../catalog/paths.ts';
import { deviants, type Stated } from '../agree.ts';
import { isRecord, textAt, valueAt } from '../read-yaml.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

interface Place {
  readonly host: HostView;
  readonly file: string;
  readonly line: number | undefined;
}

const again = 'render again';

/** Tokens have the form that bootstrap tokens have, and are the same in every place. */
export function* tokensAgree(view: ClusterView): Iterable<Found> {
  const stated = view.hosts.flatMap(tokensOf);
  for (const { value, place } of stated) {
    if (/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(value)) continue;
    const { host, file, line } = place;
    const message =
      'the bootstrap token is not six characters, a dot and sixteen characters out of a-z and 0-9';
    yield { host: host.name, file, line, message, fix: again };
  }
  for (const { place, usual } of deviants(stated)) {
    const { host, file, line } = place;
    const message = `the bootstrap token differs from that in ${usual.place.file} of ${usual.place.host.name}`;
    yield { host: host.name, file, line, message, fix: again };
  }
}

function tokensOf(host: HostView): Stated<Place>[] {
  const csv = host.text(tokenFile);
  const rows = (csv ?? '').split('\n').flatMap((line, index) => {
    const [value = ''] = line.split(',');
    return line === '' ? [] : [{ value, place: { host, file: tokenFile, line: index + 1 } }];
  });
  const kubeconfigs = host.ofKind('Config').flatMap(({ path, document }) => {
    const steps = ['users', 0, 'user', 'token'] as const;
    const token = valueAt(document.value, ...steps);
    return token === undefined
      ? []
      : [{ value: String(token), place: { host, file: path, line: document.lineOf(steps) } }];
  });
  const secrets = host.ofKind('Secret').flatMap(({ path, document }) => {
    if (textAt(document.value, 'type') !== 'bootstrap.kubernetes.io/token') return [];
    const [id, secret] = ['token-id', 'token-secret'].map((name) =>
      String(valueAt(document.value, 'stringData', name)),
    );
    return [
      {
        value: `${id}.${secret}`,
        place: { host, file: path, line: document.lineOf(['stringData', 'token-id']) },
      },
    ];
  });
  return [...rows, ...kubeconfigs, ...secrets];
}

/** A token file has four columns, and its group is that of bootstrapping kubelets. */
export function* tokenFilesAreRight({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    for (const [index, line] of (host.text(tokenFile) ?? '').split('\n').entries()) {
      if (line === '' || /^[^,"]+,"?[^,"]+"?,"?[^,"]+"?,"?system:bootstrappers"?$/.test(line)) continue;
      yield {
        host: host.name,
        file: tokenFile,
        line: index + 1,
        message: 'the line is not TOKEN,USER,UID,"system:bootstrappers"',
        fix: again,
      };
    }
  }
}

/** The Secret has the name that its id asks for, and says what it may be used for. */
export function* tokenSecretsAreRight({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    for (const { path, document } of host.ofKind('Secret')) {
      const { value, lineOf } = document;
      if (textAt(value, 'type') !== 'bootstrap.kubernetes.io/token') continue;
      const at = { host: host.name, file: path, fix: again };
      const name = `bootstrap-token-${valueAt(value, 'stringData', 'token-id')}`;
      if (textAt(value, 'metadata', 'name') !== name)
        yield {
          ...at,
          line: lineOf(['metadata', 'name']),
          message: `the Secret must have the name of its token's id`,
        };
      if (textAt(value, 'metadata', 'namespace') !== 'kube-system')
        yield {
          ...at,
          line: lineOf(['metadata', 'namespace']),
          message: 'the Secret must be in kube-system',
        };
      const data = valueAt(value, 'stringData');
      if (!isRecord(data) || data['usage-bootstrap-authentication'] !== 'true')
        yield {
          ...at,
          line: lineOf(['stringData']),
          message: 'the token may not be used for authentication',
        };
    }
  }
}

/** Where kubelets have a token, API servers take it. */
export function* tokensAreAccepted({ hosts }: ClusterView): Iterable<Found> {
  const isUsed = hosts.some((host) => host.file(`${authDir}/bootstrap.conf`) !== undefined);
  for (const host of hosts) {
    const command = host.command('apiserver');
    if (!isUsed || command === undefined) continue;
    const hasFile =
      command.flag('token-auth-file')?.value === tokenFile && host.text(tokenFile) !== undefined;
    const isOn = command.flag('enable-bootstrap-token-auth')?.value === 'true';
    const hasSecret = isOn && hosts.some((one) => one.text(bootstrapTokenManifest) !== undefined);
    if (hasFile || hasSecret) continue;
    const message =
      'kubelets bootstrap with a token, but this API server has neither a token file nor bootstrap tokens';
    // The last flags of a command line are those of the component's own environment file.
    const at = command.flag('enable-bootstrap-token-auth') ?? command.flags.at(-1);
    yield { host: host.name, file: at?.file, line: at?.line, message, fix: again };
  }
}

/** What all API servers must share, or what one writes the other cannot read. */
export function* encryptionKeysAgree({ hosts }: ClusterView): Iterable<Found> {
  const stated = hosts.flatMap((host) =>
    host.ofKind('EncryptionConfiguration').map(({ path, document }) => ({
      value: JSON.stringify(document.value),
      place: { host, file: path, line: document.line },
    })),
  );
  for (const { place, usual } of deviants(stated)) {
    const message = `Secrets are encrypted otherwise than on ${usual.place.host.name}: one API server cannot read what the other writes`;
    yield { host: place.host.name, file: place.file, line: place.line, message, fix: again };
  }
}
