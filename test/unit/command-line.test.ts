/** What the command line names is checked before any work. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileObjection } from '../../src/cli/local-file.ts';
import { binariesFetch } from '../../src/commands/binaries.ts';
import { kit } from '../../src/commands/kit.ts';
import { temporaryFolder } from '../support/cli.ts';
import { memoryIo } from '../support/io.ts';

const folder = temporaryFolder('command-line');
// No test here reads it: that would be work.
const common = { inventory: join(folder, 'none.yaml'), format: 'text', quiet: true } as const;

describe('binaries fetch', () => {
  const refused = async (sources: { readonly mirror?: string; readonly from?: string }) => {
    const options = { ...common, binariesDir: undefined, from: undefined, mirror: undefined, ...sources };
    const error: unknown = await binariesFetch(options, memoryIo()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return error as { readonly kind: string; readonly problems: readonly { readonly message: string }[] };
  };

  test.each([
    ['http://joe:MIRRORPW@127.0.0.1:9', 'must not name a user'],
    ['http://MIRRORPW@127.0.0.1:9/', 'must not name a user'],
    ['http://joe:MIRROR/PW@127.0.0.1:9', 'must be an http:// or https:// URL'],
    ['file:///MIRRORPW', 'must be an http:// or https:// URL'],
    ['', 'must be an http:// or https:// URL'],
  ])('refuses the mirror %j once, without its text', async (mirror, message) => {
    const { kind, problems } = await refused({ mirror });
    expect(kind).toBe('input');
    expect(problems).toEqual([
      expect.objectContaining({ message: expect.stringContaining(`--mirror ${message}`) }),
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/MIRROR(?:PW|\/)/);
  });

  test('refuses a folder that is none, and tells of a wrong mirror too', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const from of [join(folder, 'none'), join(folder, 'file')])
      expect(await refused({ from })).toMatchObject({
        kind: 'input',
        problems: [{ message: `--from: there is no folder ${from}` }],
      });
    expect((await refused({ from: '/nonexistent', mirror: 'file:///x' })).problems).toHaveLength(2);
  });
});

describe('kit', () => {
  const run = async (program: string, image: readonly string[] = []) => {
    const io = memoryIo();
    const out = join(folder, 'kit');
    const options = { ...common, out, program, image, from: undefined, imagesCache: undefined };
    const status = await kit({ ...options, pkiDir: undefined, binariesDir: undefined }, io);
    return { status, errors: io.errors() };
  };

  test('refuses a program that is none, together with images that are none', async () => {
    const program = join(folder, 'no-program');
    const message = `hardway: --program ${program}: there is no such file\n`;
    expect(await run(program)).toEqual({ status: 2, errors: expect.stringContaining(message) });
    const { errors } = await run(program, ['Not An Image']);
    expect(errors).toContain(message);
    expect(errors).toContain('--image "Not An Image"');
  });

  test('takes plain files alone, also by a link', () => {
    const [file, link, loop] = ['plain', 'link', 'loop'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(file, '');
    symlinkSync(file, link);
    symlinkSync(loop, loop);
    mkdirSync(join(folder, 'inner'));
    expect([file, link].map(fileObjection)).toEqual([undefined, undefined]);
    expect([join(folder, 'inner'), '/dev/null', loop].map(fileObjection)).toEqual([
      'it is a folder',
      'it is not a plain file',
      'it is a link to itself',
    ]);
  });
});
