/** What the command line names is checked before any work. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { binariesFetch } from '../../src/commands/binaries.ts';
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
