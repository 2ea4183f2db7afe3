/** Rules about waivers of hardening checks. */
import { hardeningCheckIds } from '../../catalog/hardening/hardening.ts';
import { quote } from '../../diagnostics/visible.ts';
import { nearest } from '../../lib/edit-distance.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';

/** Waivers name checks and hosts that there are. */
export function* waiversNameChecksAndHosts({ inventory }: RuleContext): Iterable<Problem> {
  const hosts = new Set((inventory.hosts ?? []).flatMap((host) => host?.name ?? []));
  for (const [index, waiver] of (inventory.audit?.waivers ?? []).entries()) {
    const path = ['audit', 'waivers', index];
    const { check } = waiver ?? {};
    if (check !== undefined && !hardeningCheckIds.has(check))
      yield unknown([...path, 'check'], check, 'hardening check', hardeningCheckIds);
    for (const [position, name] of (waiver?.hosts ?? []).entries())
      if (name !== undefined && !hosts.has(name))
        yield unknown([...path, 'hosts', position], name, 'host', hosts);
  }
}

function unknown(path: Problem['path'], name: string, what: string, known: ReadonlySet<string>): Problem {
  const near = nearest(name, known);
  return {
    code: 'unknown-value',
    path,
    message: `there is no ${what} ${quote(name)}`,
    fix: near === undefined ? `write the name of a ${what} that there is` : `write ${quote(near)}`,
  };
}
