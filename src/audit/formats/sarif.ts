/** An audit as SARIF 2.1.0 (OASIS), which code review shows beside the lines of the review tree. */
import { isAbsolute } from 'node:path';
import type { HardeningCheck, Severity } from '../../catalog/hardening/hardening.ts';
import { fixOf, titleOf } from '../fix.ts';
import type { Audit, AuditResult } from '../result.ts';

export interface SarifOptions {
  readonly release: string;
  /** Where a file of a host stands; a URI, relative to where the command ran or absolute. */
  readonly uriOf: (host: string, file: string | undefined) => string;
}

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
};

/** What GitHub sorts alerts by: a CVSS-like number from 0.0 to 10.0. */
const scores: Readonly<Record<Severity, string>> = {
  critical: '9.5',
  high: '8.0',
  medium: '5.0',
  low: '2.0',
  info: '0.0',
};

/** What fails and what is waived; what passes is no alert. */
export function auditSarif(audit: Audit, { release, uriOf }: SarifOptions): string {
  const shown = audit.results.filter(({ status }) => status === 'fail' || status === 'waived');
  const checks = [...new Set(shown.map(({ check }) => check))];
  const indexOf = new Map(checks.map((check, index) => [check, index]));
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'hardway',
            version: release,
            rules: checks.map((check) => ruleOf(check, audit.benchmark)),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: shown.map((result) => resultOf(result, indexOf.get(result.check) ?? 0, uriOf)),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function ruleOf(check: HardeningCheck, benchmark: string) {
  const fix = fixOf(check, benchmark);
  return {
    id: check.id,
    shortDescription: { text: titleOf(check) },
    fullDescription: { text: check.note },
    help: { text: `${check.note}\n\nFix: ${fix}` },
    defaultConfiguration: { level: levels[check.severity] },
    properties: {
      tags: ['security', ...Object.entries(check.cis).map(([name, id]) => `${name}/${id}`)],
      'security-severity': scores[check.severity],
    },
  };
}

function resultOf(
  { check, host, status, message, file, line, waiver }: AuditResult,
  ruleIndex: number,
  uriOf: SarifOptions['uriOf'],
) {
  return {
    ruleId: check.id,
    ruleIndex,
    level: levels[check.severity],
    message: { text: `${host}: ${message}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(host, file) },
          region: { startLine: line ?? 1 },
        },
        logicalLocations: [{ name: host, kind: 'host' }],
      },
    ],
    partialFingerprints: {
      // A defect may be found several times on a host.
      'checkAndHost/v1': [check.id, host, ...(check.kind === 'defect' ? [file ?? ''] : [])].join('/'),
    },
    ...(status === 'waived'
      ? { suppressions: [{ kind: 'external', status: 'accepted', justification: waiver ?? '' }] }
      : {}),
  };
}

/** Where a file of a host stands in the review tree of an output folder, as the command line names that. */
export function reviewUri(out: string, host: string, file: string | undefined): string {
  const inHost = file === undefined ? 'manifest' : file.startsWith('/') ? `rootfs${file}` : file;
  return uriIn(out, `review/${host}/${inHost}`);
}

/** The URI of a path below a folder. */
export function uriIn(folder: string, path: string): string {
  const steps = [...folder.split('/').filter((part) => part !== '.' && part !== ''), ...path.split('/')];
  const uri = steps.map(encodeURIComponent).join('/');
  return isAbsolute(folder) ? `file:///${uri}` : uri;
}
