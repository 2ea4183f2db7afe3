/** Why a command ended early: what a user can mend says what and how; anything else is a defect of hardway's own. */
import { BinariesError } from '../binaries/problem.ts';
import { OutputFolderError } from '../bundle/output.ts';
import { RenderedOutputError } from '../bundle/rendered.ts';
import type { DiagnosticJson } from '../diagnostics/format.ts';
import { escapeControls } from '../diagnostics/visible.ts';
import { ImageProblems } from '../images/problem.ts';
import type { Finding } from '../model/finding.ts';
import { isEnvironmentProblem, PkiStoreError } from '../pki/problem.ts';
import { HostTreeError } from '../tree/find-hosts.ts';
import { ContradictionError } from '../verify/problem.ts';
import { findingsText } from '../verify/text.ts';
import { type ExitStatus, exitStatus } from './exit-status.ts';

/** One thing that is in the way. */
interface FailureProblem {
  /** What kind it is, for programs: `locked`, `output-folder`. */
  readonly code: string;
  /** The file or folder it is about. */
  readonly path?: string;
  readonly message: string;
  readonly fix?: string;
}

export interface Failure {
  readonly status: ExitStatus;
  /** Never empty. */
  readonly problems: readonly FailureProblem[];
  /** What does not agree in bundles that were rendered. */
  readonly findings?: readonly Finding[];
}

/** An inventory that cannot be read. */
export class InputError extends Error {
  override name = 'InputError';
}

/** An argument that a command cannot work with. */
export class ArgumentError extends Error {
  override name = 'ArgumentError';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** What a thrown value means to whoever ran the command. */
export function failureOf(error: unknown): Failure {
  if (error instanceof PkiStoreError) {
    const { problems, kind } = error;
    return {
      status: isEnvironmentProblem(kind) ? exitStatus.environment : exitStatus.wrongInput,
      problems: problems.map((problem) => ({ ...problem, code: problem.kind })),
    };
  }
  if (error instanceof ImageProblems)
    return { status: exitStatus.environment, problems: coded('images', error.problems) };
  if (error instanceof BinariesError) {
    const { problems, kind } = error;
    return {
      status: kind === 'input' ? exitStatus.wrongInput : exitStatus.environment,
      problems: coded('binaries', problems),
    };
  }
  if (error instanceof OutputFolderError || error instanceof RenderedOutputError)
    return { status: exitStatus.wrongInput, problems: coded('output-folder', [error]) };
  if (error instanceof HostTreeError || error instanceof ArgumentError) {
    const code = error instanceof HostTreeError ? 'host-tree' : 'argument';
    const { fix } = error;
    return {
      status: exitStatus.wrongInput,
      problems: coded(code, [{ message: escapeControls(error.message), fix }]),
    };
  }
  if (error instanceof ContradictionError)
    return {
      status: exitStatus.environment,
      problems: coded('contradiction', [error]),
      findings: error.findings,
    };
  if (error instanceof InputError) {
    const { message } = error;
    return {
      status: exitStatus.wrongInput,
      problems: [{ code: 'no-inventory', message, fix: 'name an inventory that exists' }],
    };
  }
  const { message = String(error), code } = error as NodeJS.ErrnoException;
  const problem =
    code === undefined
      ? {
          code: 'defect',
          message: `a defect of hardway itself: ${message}`,
          fix: 'please report it with the inventory that shows it',
        }
      : { code: 'environment', message };
  return { status: exitStatus.environment, problems: [problem] };
}

/** For people. */
export function failureText({ problems, findings }: Failure): string {
  const lines = problems.map(({ path, message, fix }) => {
    const place = path === undefined ? '' : `${path}: `;
    return `hardway: ${place}${message}\n${fix === undefined ? '' : `  fix: ${fix}\n`}`;
  });
  return [findings === undefined ? '' : findingsText(findings), ...lines].join('');
}

/** For machines: in the form of an inventory's diagnostics, with null for what such a problem does not have. */
export function failureJson({ problems, findings = [] }: Failure): string {
  const all = [
    ...findings.map(({ check, severity, host, file, line, message, fix }) => ({
      ...{ code: check, severity, message, fix, line },
      file: file === undefined ? host : `${host}:${file}`,
    })),
    ...problems.map(({ code, path, message, fix }) => ({ code, file: path, message, fix })),
  ];
  return `${JSON.stringify(all.map(toJson), null, 2)}\n`;
}

interface Told {
  readonly code: string;
  readonly severity?: Finding['severity'];
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly message: string;
  readonly fix?: string | undefined;
}

function toJson({ code, severity = 'error', file, line, message, fix }: Told): Nullable<DiagnosticJson> {
  return {
    ...{ code, severity, file: file ?? null, line: line ?? null, column: null },
    ...{ endLine: line ?? null, endColumn: null, path: [], message, fix: fix ?? null, related: null },
  };
}

/** The same keys, all of which may be null. */
type Nullable<Value> = { readonly [Key in keyof Value]: Value[Key] | null };

function coded(
  code: string,
  problems: readonly { readonly message: string; readonly fix: string }[],
): FailureProblem[] {
  return problems.map(({ message, fix }) => ({ code, message, fix }));
}
