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

/** One statement: its name, the words behind it, and its line, from 1 on. */
export interface Statement {
  readonly name: string;
  readonly words: readonly string[];
  readonly line: number;
}

/** A manifest statement by statement, in order, without comments. */
export interface Statements {
  readonly all: readonly Statement[];
  readonly of: (name: string) => readonly Statement[];
  /** First words of all statements of a name. */
  readonly values: (name: string) => readonly string[];
  /** All words of the first statement of a name. */
  readonly first: (name: string) => readonly string[];
  readonly lineOf: (name: string) => number | undefined;
}

/** The statements of a manifest. */
export function readStatements(text: string): Statements {
  const all = text.split('\n').flatMap((line, index): Statement[] => {
    const [name = '', ...words] = line.split(' ');
    return line === '' || line.startsWith('#') ? [] : [{ name, words, line: index + 1 }];
  });
  const of = (name: string) => all.filter((one) => one.name === name);
  return {
    all,
    of,
    values: (name) => of(name).flatMap(({ words }) => words.slice(0, 1)),
    first: (name) => of(name)[0]?.words ?? [],
    lineOf: (name) => of(name)[0]?.line,
  };
}

/** Whether a statement is about a file that the bundle has. */
export function isFileStatement({ name }: Statement): boolean {
  return name === 'file' || name === 'block';
}

/** A manifest by its text; what it does not say is left out, never made up. */
export function readManifest(text: string): ReadManifest {
  const { all, of, values } = readStatements(text);
  return {
    statements: all
      .filter((one) => !isFileStatement(one))
      .map(({ name, words }) => [name, ...words].join(' ')),
    files: all.filter(isFileStatement).map(fileOf),
    programs: of('program').map((program) => ({ ...fileOf(program), sha256: program.words[4] ?? '' })),
    binaries: values('binary'),
    units: of('unit').map(({ words: [name = '', start = ''] }) => ({ name, start })),
    roles: values('role'),
    addresses: values('address'),
    cluster: values('cluster')[0],
    kubernetes: values('kubernetes')[0],
    fqdn: values('fqdn').find((name) => name !== '-'),
  };
}

/** `file`, `block` and `program` begin alike. */
function fileOf({ words: [mode = '', owner = '', path = '', services = '-'] }: Statement): ManifestFile {
  return { path, mode, owner, services: services === '-' ? [] : services.split(',') };
}
