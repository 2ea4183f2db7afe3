/**
 * What install.sh does to a host's units when files change: its functions plan_restart,
 * remove_obsolete and activate_unit, told from the two manifests. A test runs both.
 */
import type { ManifestUnit, ReadManifest } from '../bundle/read-manifest.ts';
import { addonsDir, systemdDir } from '../catalog/paths.ts';
import type { FileChange, UnitAction, UnitChange } from './difference.ts';

/** What a file is to the units: where it is, and whom the manifest names beside it. */
export type ChangedFile = Pick<FileChange, 'path' | 'services'>;

/** What happens to the units of a host, in start order, those that go last. */
export function unitChanges(
  before: ReadManifest | undefined,
  after: ReadManifest,
  files: readonly ChangedFile[],
): UnitChange[] {
  const known = new Set(before?.units.map(({ name }) => name));
  const stays = after.units.flatMap((unit): UnitChange[] => {
    if (!known.has(unit.name) && unit.start !== 'runtime')
      return [{ unit: unit.name, action: 'starts', because: [] }];
    const because = files.filter((file) => concerns(file, unit)).map(({ path }) => path);
    return because.length === 0 ? [] : [{ unit: unit.name, action: actionOf(unit, because), because }];
  });
  const left = new Set(after.units.map(({ name }) => name));
  const gone = (before?.units ?? []).filter(({ name, start }) => !left.has(name) && start !== 'runtime');
  return [...stays, ...gone.map(({ name }): UnitChange => ({ unit: name, action: 'stops', because: [] }))];
}

function concerns({ path, services }: ChangedFile, { name, start }: ManifestUnit): boolean {
  return services.includes(name) || (start === 'once' && path.startsWith(`${addonsDir}/`));
}

function actionOf({ start }: ManifestUnit, because: readonly string[]): UnitAction {
  if (start === 'once') return 'runs again';
  // A daemon that is reloaded still runs as its unit file said when it was started.
  const isReload = start === 'reload' && !because.some((path) => path.startsWith(`${systemdDir}/`));
  return isReload ? 'reloads' : 'restarts';
}
