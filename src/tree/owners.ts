/** Names of users and groups as the host has them. */

export interface Owners {
  readonly user: (id: number) => string;
  readonly group: (id: number) => string;
}

/** By /etc/passwd and /etc/group of the tree; a number that neither names stays one. */
export function createOwners(text: (path: string) => string | undefined): Owners {
  const names = (path: string) =>
    new Map(
      (text(path) ?? '').split('\n').map((line) => {
        const [name = '', , id = ''] = line.split(':');
        return [id, name] as const;
      }),
    );
  const [users, groups] = [names('/etc/passwd'), names('/etc/group')];
  const named = (known: ReadonlyMap<string, string>) => (id: number) =>
    known.get(String(id)) ?? (id === 0 ? 'root' : String(id));
  return { user: named(users), group: named(groups) };
}
