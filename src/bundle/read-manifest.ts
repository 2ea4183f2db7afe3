/** The text of a manifest taken apart again, see docs/manifest.md: what install.sh will do on a host. */

/** A file or a block of the host, as the manifest puts it there. */
export interface ManifestFile {
  readonly path: string;
  /** Four octal digits. */
  readonly mode: string;
  /** `root:etcd` */
  readonly owner: string;
  readonly services: readonly string[];
}

/** A binary that install.sh puts in place out of an archive or a download. */
export interface ManifestProgram extends ManifestFile {
  readonly sha256: string;
}

export interface ManifestUnit {
  readonly name: string;
  /** See UnitSpec; as written. */
  readonly start: string;
}

export interface ReadManifest {
  /** Every statement, in order, without files, blocks and comments. */
  readonly statements: readonly string[];
  readonly files: readonly ManifestFile[];
  readonly programs: readonly ManifestProgram[];
  /** Paths of the binaries that the host needs, wherever they come from. */
  readonly binaries: readonly string[];
  readonly units: readonly ManifestUnit[];
  readonly roles: readonly string[];
  readonly addresses: readonly string[];
  readonly cluster: string | undefined;
  readonly kubernetes: string | undefined;
  readonly fqdn: string | undefined;
}

/** A manifest by its text; what it does not say is left out, never made up. */
export function readManifest(text: string): ReadManifest {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const isFile = (line: string) => /^(?:file|block) /.test(line);
  const words = lines.map((line) => line.split(' '));
  const all = (statement: string) =>
    words.filter(([first]) => first === statement).map(([, value = '']) => value);
  return {
    statements: lines.filter((line) => !isFile(line)),
    files: words.filter(([kind]) => kind === 'file' || kind === 'block').map(fileOf),
    programs: words
      .filter(([kind]) => kind === 'program')
      .map((program) => ({ ...fileOf(program), sha256: program[5] ?? '' })),
    binaries: all('binary'),
    units: words.filter(([first]) => first === 'unit').map(([, name = '', start = '']) => ({ name, start })),
    roles: all('role'),
    addresses: all('address'),
    cluster: all('cluster')[0],
    kubernetes: all('kubernetes')[0],
    fqdn: all('fqdn').find((name) => name !== '-'),
  };
}

/** `file`, `block` and `program` begin alike. */
function fileOf([, mode = '', owner = '', path = '', services = '-']: readonly string[]): ManifestFile {
  return { path, mode, owner, services: services === '-' ? [] : services.split(',') };
}
