/** Rules about taints of nodes. */
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

/** No taint stands twice with the same key and effect. */
export function* taintsAreUnique(context: RuleContext): Iterable<Problem> {
  for (const { path, taints } of writtenTaints(context)) {
    const firsts = new Map<string, number>();
    for (const [index, taint] of taints.entries()) {
      if (taint === undefined) continue;
      const id = taint.replace(/=[^:]*/, '');
      const first = firsts.get(id);
      if (first === undefined) {
        firsts.set(id, index);
        continue;
      }
      yield {
        code: 'duplicate-taint',
        path: [...path, 'taints', index],
        message: `the taint ${id} stands here a second time; key and effect together must be unique`,
        related: { path: [...path, 'taints', first], message: 'the first one' },
        fix: 'delete one of the two',
      };
    }
  }
}

/** Taints wherever they may stand. */
function* writtenTaints({ inventory, facts }: RuleContext) {
  for (const [role, settings] of Object.entries(inventory.roleDefaults ?? {}))
    yield { path: ['roleDefaults', role], taints: settings?.taints ?? [] };
  for (const { host, path } of facts.hosts) yield { path, taints: host.taints ?? [] };
}
