/** The files of one host: what was rendered last against what a render would write now. */
import { structuredPatch } from 'diff';
import type { ManifestFile, ReadManifest } from '../bundle/read-manifest.ts';
import type { RenderedHost } from '../bundle/rendered.ts';
import type { RenderedFile } from '../model/file.ts';
import { yetToBeMade } from '../pki/forecast.ts';
import { type Change, type FileChange, notShown, type SettingChange } from './difference.ts';
import { programChanges } from './programs.ts';
import { settingChanges } from './settings.ts';
import { fingerprint, type OldFile, oldFileOf, openText, shownOf } from './shown.ts';

/** What a render would write for one host. */
export interface NextHost {
  readonly manifest: ReadManifest;
  readonly files: readonly RenderedFile[];
  readonly installScript: Buffer;
}

export type CompareFiles = (before: RenderedHost, next: NextHost) => FileChange[];

/** Lines around a change. */
const context = 3;

/**
 * Compares hosts one after another; what is the same change on many hosts is worked out once.
 * `clusterKey` is the secret that fingerprints are made with.
 */
export function createCompareFiles(clusterKey: string): CompareFiles {
  const texts = createTexts();
  const secretOf = (old: Buffer, now: Buffer): Change => ({
    old: fingerprint(old, clusterKey),
    new: now.includes(yetToBeMade) ? yetToBeMade : fingerprint(now, clusterKey),
  });

  const changed = (
    entry: ManifestFile,
    had: ManifestFile,
    file: RenderedFile,
    old: OldFile,
  ): FileChange[] => {
    const ownership = ownershipChange(had, entry);
    const isSame = old.content?.equals(file.content) ?? old.review === file.review.toString();
    if (isSame && ownership === undefined) return [];
    const shown = isSame ? { old: '', new: '' } : shownOf(file, old);
    const { hunks, settings } =
      shown.old === undefined
        ? { hunks: [], settings: hiddenSettings(entry.path, old, file) }
        : texts(entry.path, shown.old, shown.new);
    const isHidden = !isSame && hunks.length === 0;
    return [
      {
        ...changeOf(entry, 'changed'),
        ownership,
        settings,
        hunks,
        secret: isHidden && old.content !== undefined ? secretOf(old.content, file.content) : undefined,
      },
    ];
  };

  return (before, { manifest, files, installScript }) => {
    const had = new Map(before.manifest.files.map((entry) => [entry.path, entry]));
    const rendered = new Map(files.map((file) => [file.path, file]));
    const kept = manifest.files.flatMap((entry): FileChange[] => {
      const file = rendered.get(entry.path);
      if (file === undefined) throw new Error(`the manifest names ${entry.path}, which was not rendered`);
      const old = had.get(entry.path);
      return old === undefined
        ? [added(entry, file, texts)]
        : changed(entry, old, file, oldFileOf(before, entry.path, old.mode));
    });
    const stays = new Set(manifest.files.map(({ path }) => path));
    const declared = new Set(manifest.units.map(({ name }) => name));
    const gone = before.manifest.files
      .filter(({ path }) => !stays.has(path))
      .map((entry) => removed(entry, oldFileOf(before, entry.path, entry.mode), declared, texts));
    const programs = programChanges(before.manifest, manifest);
    return [...ofBundle(before, manifest, installScript, texts), ...kept, ...gone, ...programs].sort(
      (left, right) => (left.path < right.path ? -1 : 1),
    );
  };
}

/** The files of a host that is new: their names say enough. */
export function newFiles({ manifest }: Pick<NextHost, 'manifest'>): FileChange[] {
  return [...manifest.files, ...manifest.programs].map((entry) => changeOf(entry, 'added'));
}

function changeOf({ path, services }: ManifestFile, state: FileChange['state']): FileChange {
  return { path, state, ownership: undefined, services, settings: [], hunks: [], secret: undefined };
}

function added(entry: ManifestFile, file: RenderedFile, texts: Texts): FileChange {
  const now = shownOf(file, { content: undefined, review: '', mode: entry.mode }).new;
  return { ...changeOf(entry, 'added'), ...texts(entry.path, '', now) };
}

/** Units that the host no longer has are not restarted for it: they stop. */
function removed(entry: ManifestFile, old: OldFile, declared: ReadonlySet<string>, texts: Texts): FileChange {
  const services = entry.services.filter((service) => declared.has(service));
  const text = openText(old);
  const isCertificate = entry.path.endsWith('.crt');
  const shown = text === undefined || isCertificate ? '' : text;
  return {
    ...changeOf({ ...entry, services }, 'removed'),
    ...texts(entry.path, shown, ''),
  };
}

/** What changes by name: in which flag, though not from what to what. */
function hiddenSettings(path: string, old: OldFile, file: RenderedFile): SettingChange[] {
  if (old.content === undefined) return [];
  const changes = settingChanges(path, old.content.toString(), file.content.toString());
  return changes.map((change) => ({
    ...change,
    old: change.old === undefined ? undefined : notShown,
    new: change.new === undefined ? undefined : notShown,
  }));
}

function ownershipChange(old: ManifestFile, now: ManifestFile): Change | undefined {
  const [before, after] = [`${old.mode} ${old.owner}`, `${now.mode} ${now.owner}`];
  return before === after ? undefined : { old: before, new: after };
}

/** What the bundle says beside its files, and the script in it. */
function ofBundle(
  before: RenderedHost,
  manifest: ReadManifest,
  installScript: Buffer,
  texts: Texts,
): FileChange[] {
  const text = ({ statements }: ReadManifest) => statements.map((line) => `${line}\n`).join('');
  const script = before.content('install.sh')?.toString() ?? before.review('install.sh');
  const pairs = [
    ['manifest', text(before.manifest), text(manifest)],
    ['install.sh', script ?? '', installScript.toString()],
  ] as const;
  return pairs.flatMap(([path, old, now]) => {
    if (old === now) return [];
    const entry = { path, mode: '', owner: '', services: [] };
    return [{ ...changeOf(entry, 'changed'), ...texts(path, old, now) }];
  });
}

/** How two texts of a file differ, by lines and by names. */
type Texts = (path: string, old: string, now: string) => Pick<FileChange, 'hunks' | 'settings'>;

/** Many hosts share what changes from what to what. */
function createTexts(): Texts {
  const known = new Map<string, ReturnType<Texts>>();
  return (path, old, now) => {
    const key = `${path}\0${old}\0${now}`;
    const found = known.get(key) ?? {
      hunks: old === now ? [] : structuredPatch('', '', old, now, '', '', { context }).hunks,
      settings: settingChanges(path, old, now),
    };
    known.set(key, found);
    return found;
  };
}
