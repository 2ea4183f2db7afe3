/** Rules about settings that are allowed, but open a door. */
import { type WeakRow, weakSettings } from '../../catalog/flags/owned.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import type { WrittenComponents } from '../schema.ts';
import { componentSettings } from './components.ts';

/** Components keep the authentication and authorization that they have by default. */
export function* settingsKeepDoorsShut(context: RuleContext): Iterable<Problem> {
  for (const { path, components } of componentSettings(context)) {
    for (const row of weakSettings) {
      const value = writtenValue(components, row);
      if (value === undefined || !row.isWeak(value)) continue;
      const where = row.flag === undefined ? ['config', ...(row.field ?? [])] : ['args', row.flag];
      yield {
        code: 'weakens-security',
        severity: 'warning',
        path: [...path, row.component, ...where],
        message: `${row.flag === undefined ? where.slice(1).join('.') : `--${row.flag}`} ${value}: ${row.why}`,
        fix: 'delete it, unless this is what you want',
      };
    }
  }
}

function writtenValue(
  components: WrittenComponents,
  { component, flag, field }: WeakRow,
): string | undefined {
  const settings: { args?: unknown; config?: unknown } = components[component] ?? {};
  const steps = flag === undefined ? ['config', ...(field ?? [])] : ['args', flag];
  const value = steps.reduce<unknown>((below, step) => childOf(below, step), settings);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}

function childOf(value: unknown, name: string): unknown {
  const isOwn = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isOwn ? (value as Record<string, unknown>)[name] : undefined;
}
