/** What a check of the tree comes to. */

export interface DefectFound {
  readonly host: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly message: string;
}

export interface Looked {
  readonly found: readonly DefectFound[];
  /** Names of the hosts where there was something to look at. */
  readonly looked: ReadonlySet<string>;
}

/** What a check says of one thing: where it is, and what is wrong with it, if anything. */
export interface Judged extends Omit<DefectFound, 'message'> {
  readonly flaw: string | undefined;
}

export function lookedAt(judged: readonly Judged[]): Looked {
  const found = judged.flatMap(({ host, file, line, flaw }) =>
    flaw === undefined ? [] : [{ host, file, line, message: flaw }],
  );
  // Two flags may name one file.
  const own = new Map(found.map((one) => [JSON.stringify(one), one]));
  return { found: [...own.values()], looked: new Set(judged.map(({ host }) => host)) };
}
