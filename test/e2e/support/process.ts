/** Programs, run without blocking: hosts work side by side. */
import { spawn } from 'node:child_process';

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
}

/** Runs a program to its end, whatever its status; a program that overstays its time is killed. */
export function runProgram(
  program: string,
  args: readonly string[],
  { input, env, timeoutSeconds = 120 }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => {
      stderr += `\nkilled: it took longer than ${timeoutSeconds} s`;
      child.kill('SIGKILL');
    }, timeoutSeconds * 1000);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ status, stdout, stderr });
    });
    // A program that ends without reading all of it says so in its status.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** What a program prints; throws with all that it said when it fails. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  return outputOf([program, ...args].join(' '), await runProgram(program, args, options));
}

/** The standard output of a program that ended well; throws with all that it said otherwise. */
export function outputOf(what: string, { status, stdout, stderr }: Finished): string {
  if (status === 0) return stdout;
  throw new Error(`${what}\nended with ${status}:\n${stdout}${stderr}`);
}
