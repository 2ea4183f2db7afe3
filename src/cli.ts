#!/usr/bin/env node
/** Arguments -> command -> exit status. The one module that touches `process`. */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { isSea } from 'node:sea';
import { exitStatus } from './cli/exit-status.ts';
import { failureJson, failureOf, failureText, InputError } from './cli/failure.ts';
import type { Io } from './cli/io.ts';
import { readLocalFile } from './cli/local-file.ts';
import { parseArguments } from './cli/parse.ts';
import { lateCompiler, tune } from './lib/engine.ts';
import { packageVersion } from './lib/package-root.ts';

async function main(): Promise<number> {
  const parsed = await parseArguments(process.argv.slice(2), packageVersion());
  if (parsed.kind === 'text') {
    write(1, `${parsed.text}\n`);
    return exitStatus.done;
  }
  if (parsed.kind === 'mistake') {
    write(2, `hardway: ${parsed.message}\n  fix: see hardway --help\n`);
    return exitStatus.wrongInput;
  }
  const { row, options } = parsed;
  try {
    const run = await row.load();
    return await run(options, createIo(options['no-color'] === true));
  } catch (error) {
    return report(error, options.format === 'json');
  }
}

function createIo(noColor: boolean): Io {
  const mayColor = !noColor && (process.env.NO_COLOR ?? '') === '';
  return {
    stdout: (text) => write(1, text),
    stderr: (text) => write(2, text),
    readInput,
    readLocalFile,
    isTerminal: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 80,
    color: process.stderr.isTTY === true && mayColor,
    colorsOutput: process.stdout.isTTY === true && mayColor,
    cacheDir: join(cacheHome(), 'hardway'),
    ownProgram: isSea() ? process.execPath : undefined,
    now: () => new Date(),
    onInterrupt,
  };
}

/** A relative path there has to be ignored, says the specification. */
function cacheHome(): string {
  const { XDG_CACHE_HOME = '' } = process.env;
  return isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache');
}

/** Why a name that was given is not that of a file. */
const notAFile: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link to itself',
  ENAMETOOLONG: 'the name is too long for a file',
};

function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    const why = notAFile[(error as NodeJS.ErrnoException).code ?? ''];
    if (why === undefined) throw error;
    throw new InputError(`cannot read ${path === '-' ? 'standard input' : path}: ${why}`, { cause: error });
  }
}

/** Whole and at once, so that nothing is lost when the process ends; a closed pipe is not an error. */
function write(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(descriptor, bytes, offset);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
    }
  }
}

function onInterrupt(cleanup: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (signal: NodeJS.Signals) => {
    cleanup();
    forget();
    process.kill(process.pid, signal);
  };
  const forget = () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return forget;
}

/** Says what went wrong where messages go, in the form that was asked for. */
function report(error: unknown, json: boolean): number {
  const failure = failureOf(error);
  write(2, json ? failureJson(failure) : failureText(failure));
  if (process.env.HARDWAY_DEBUG === '1' && error instanceof Error) write(2, `${error.stack}\n`);
  return failure.status;
}

/** HARDWAY_TIMINGS=FILE: how long each phase took and how much memory was used at most, for the benchmark. */
function writeTimings(file: string): void {
  const marks = performance.getEntriesByType('mark').map(({ name, startTime }) => ({ name, startTime }));
  const ends = [...marks.slice(1).map((mark) => mark.startTime), performance.now()];
  const phases = marks.map(
    ({ name, startTime }, index) => [name, (ends[index] ?? startTime) - startTime] as const,
  );
  const start = marks[0]?.startTime ?? performance.now();
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  writeFileSync(file, `${JSON.stringify({ phases: { start, ...Object.fromEntries(phases) }, peakBytes })}\n`);
}

tune(lateCompiler);
// No top-level await: the single file is one CommonJS module, which has none.
main()
  .catch((error) => report(error, false))
  .then((status) => {
    process.exitCode = status;
    const { HARDWAY_TIMINGS: timingsFile } = process.env;
    if (timingsFile !== undefined) writeTimings(timingsFile);
  });
