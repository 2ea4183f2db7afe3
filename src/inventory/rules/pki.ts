/** Rules about validity periods and names in certificates. */
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { pkiKeys } from '../schema.ts';

/** Certificates outlive their renewal and not their authority. */
export function* validityPeriodsNest({ inventory: { pki }, facts }: RuleContext): Iterable<Problem> {
  const ca = pki?.caValidityDays ?? pkiKeys.caValidityDays.default;
  const leaf = pki?.certValidityDays ?? pkiKeys.certValidityDays.default;
  const renew = pki?.renewBeforeDays ?? pkiKeys.renewBeforeDays.default;
  const isBroken = (name: string) => facts.isBroken('pki', name);
  if (leaf > ca && !isBroken('caValidityDays') && !isBroken('certValidityDays')) {
    const [name, other] =
      pki?.certValidityDays === undefined
        ? ['caValidityDays', 'certValidityDays']
        : ['certValidityDays', 'caValidityDays'];
    yield {
      code: 'conflicting-values',
      path: ['pki', name],
      message: `certValidityDays ${leaf} is longer than caValidityDays ${ca}; no certificate outlives its authority`,
      ...(pki !== undefined && other in pki
        ? {
            related: {
              path: ['pki', other],
              message: `${other}: ${name === 'certValidityDays' ? ca : leaf}`,
            },
          }
        : {}),
      fix: `set certValidityDays to at most ${ca}`,
    };
  }
  if (renew >= leaf && !isBroken('renewBeforeDays') && !isBroken('certValidityDays')) {
    const name = pki?.renewBeforeDays === undefined ? 'certValidityDays' : 'renewBeforeDays';
    const fix = leaf === 1 ? 'set renewBeforeDays to 0' : `set renewBeforeDays to ${Math.floor(leaf / 3)}`;
    const message = `renewBeforeDays ${renew} is not shorter than certValidityDays ${leaf}; every certificate would be due at once`;
    yield { code: 'conflicting-values', path: ['pki', name], message, fix };
  }
}

/** Names in certificates name one thing. */
export function* namesInCertificatesAreExact({ inventory }: RuleContext): Iterable<Problem> {
  for (const [index, name] of (inventory.pki?.extraSANs ?? []).entries()) {
    if (name === undefined || !name.startsWith('*')) continue;
    yield {
      code: 'wildcard-name',
      severity: 'warning',
      path: ['pki', 'extraSANs', index],
      message: `"${name}" lets the API server's certificate stand for every name in that domain`,
      fix: 'list the names that clients dial',
    };
  }
}
