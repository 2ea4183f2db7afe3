/** Bundles that contradict themselves. */
import type { Finding } from '../model/finding.ts';

/** Bundles that a render must not hand out: the inventory has passed its rules, so hardway is at fault. */
export class ContradictionError extends Error {
  override name = 'ContradictionError';
  readonly fix =
    'where a finding names a setting of the inventory, change that; else it is a defect of hardway, please report it';
  readonly findings: readonly Finding[];

  constructor(errors: readonly Finding[]) {
    const places = errors.length === 1 ? 'one place' : `${errors.length} places`;
    super(`the bundles contradict themselves in ${places}; the output folder is as it was`);
    this.findings = errors;
  }
}
