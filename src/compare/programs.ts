/** Binaries that install.sh puts in place: which of them change, told by their sums. */
import type { ManifestProgram, ReadManifest } from '../bundle/read-manifest.ts';
import type { FileChange } from './difference.ts';

/** Programs that come, change or go; one that is left to the host from now on stays there. */
export function programChanges(before: ReadManifest, after: ReadManifest): FileChange[] {
  const had = new Map(before.programs.map((program) => [program.path, program]));
  const kept = new Set([...after.binaries, ...after.programs.map(({ path }) => path)]);
  const declared = new Set(after.units.map(({ name }) => name));
  return [
    ...after.programs.flatMap((program) => change(program, had.get(program.path), program)),
    ...before.programs
      .filter(({ path }) => !kept.has(path))
      .map((program) => ({ ...program, services: program.services.filter((unit) => declared.has(unit)) }))
      .flatMap((program) => change(program, program, undefined)),
  ];
}

function change(
  { path, services }: ManifestProgram,
  old: ManifestProgram | undefined,
  now: ManifestProgram | undefined,
): FileChange[] {
  const sums = { kind: 'setting', name: 'SHA-256', old: old?.sha256, new: now?.sha256 } as const;
  const [before, after] = [old, now].map((one) => one && `${one.mode} ${one.owner}`);
  const isOwned = before === undefined || after === undefined || before === after;
  if (sums.old === sums.new && isOwned) return [];
  return [
    {
      path,
      state: old === undefined ? 'added' : now === undefined ? 'removed' : 'changed',
      ownership: isOwned ? undefined : { old: before, new: after },
      services,
      settings: sums.old === sums.new ? [] : [sums],
      hunks: [],
      secret: undefined,
    },
  ];
}
