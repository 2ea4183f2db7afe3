/** The floating address: keepalived's configuration and scripts, judged by keepalived, curl, bash and shellcheck. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import * as paths from '../../src/catalog/paths.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { templatesDir } from '../../src/lib/package-root.ts';
import type { Pki } from '../../src/model/certificate.ts';
import { certificateId } from '../../src/plan/certificates.ts';
import { loadTemplates } from '../../src/render/template.ts';
import { having, keysOf, placed, textOf } from '../support/balancing.ts';
import { temporaryFolder } from '../support/cli.ts';
import { clusterOf, fiveHosts, hostOf, pkiOf, planOf } from '../support/clusters.ts';
import { canRun, findProgram, isRoot } from '../support/requirements.ts';

const folder = temporaryFolder('keepalived');
const keepalived = findProgram('keepalived') ?? '';

describe.skipIf(
  !canRun('keepalived -t', { 'keepalived (Debian: keepalived)': keepalived !== '', root: isRoot }),
)('the configuration of keepalived', () => {
  test.each(having(paths.keepalivedConfig))('is accepted without a word, %s', async (_, plan) => {
    const [root, text] = await placed(folder, plan, paths.keepalivedConfig, [paths.checkEndpointScript]);
    mkdirSync(join(root, 'run'));
    writeFileSync(join(root, 'run/interface.conf'), 'interface eth1\n');
    const config = text
      .replaceAll(paths.keepalivedRuntimeDir, join(root, 'run'))
      // Here nobody has made that user, and nothing is run.
      .replace('script_user keepalived_script', 'script_user root');
    writeFileSync(join(root, 'keepalived.conf'), config);
    // In a network of its own, which has that interface.
    const script = 'ip link add eth1 type veth peer name eth2 && ip link set eth1 up && exec "$@"';
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['--net', 'sh', '-c', script, '-', keepalived, '-t', '-f', join(root, 'keepalived.conf')],
      { encoding: 'utf8' },
    );
    expect(stdout + stderr).toBe('');
    expect(status).toBe(0);
  });

  test('no two hosts have the same priority, and all name one another', async () => {
    const cluster = clusterOf('endpoint: { mode: keepalived, vip: 192.0.2.100 }', fiveHosts);
    const texts = await Promise.all(
      ['m1', 'm2', 'm3'].map((name) => textOf(planOf(cluster, name), paths.keepalivedConfig)),
    );
    expect(texts.map((text) => /priority (\d+)/.exec(text)?.[1])).toEqual(['250', '249', '248']);
    expect(texts.map((text) => /unicast_peer \{\s+(\S+)\s+(\S+)\s+\}/.exec(text)?.slice(1))).toEqual([
      ['192.0.2.2', '192.0.2.3'],
      ['192.0.2.1', '192.0.2.3'],
      ['192.0.2.1', '192.0.2.2'],
    ]);
    for (const text of texts) expect(text).toContain('virtual_router_id 100\n');
  });
});

describe('values that mean harm', () => {
  const template = loadTemplates(templatesDir).get('etc/keepalived/keepalived.conf.hbs');
  const textFor = (endpoint: object) => {
    const { cluster } = loadInventory(
      stringify({ apiVersion: 'hardway/v1', endpoint, ...parse(fiveHosts) }),
      'test.yaml',
    );
    if (cluster === undefined) return undefined;
    const { values } = planOf(cluster, 'm1');
    return template({ ...values.shared, ...values.own });
  };
  const floating = { mode: 'keepalived', vip: '192.0.2.100', interface: 'eth0' };
  const lines = (text: string | undefined) => text?.split('\n') ?? [];
  const usual = lines(textFor(floating));
  const piece = fc.constantFrom(
    'eth0',
    '1',
    '}',
    '{',
    ' ',
    '\n',
    '#',
    '!',
    '"',
    '\t',
    '$',
    '@',
    '/',
    '..',
    'é',
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));

  test.each(['interface', 'vip', 'host'])('%s is refused, or stands in its own place only', (key) => {
    expect(usual.length).toBeGreaterThan(30);
    fc.assert(
      fc.property(text, (value) => {
        const rendered = lines(textFor({ ...floating, [key]: value }));
        if (rendered.length === 0) return;
        const changed = rendered.filter((line, index) => line !== usual[index]);
        expect(rendered).toHaveLength(usual.length);
        for (const line of changed) expect(line).toBe(`    interface ${value}`);
      }),
      { numRuns: 300 },
    );
  });

  test('an interface of an ordinary name is taken as it is', () => {
    expect(textFor({ ...floating, interface: 'bond0.100' })).toContain('    interface bond0.100\n');
  });
});

describe('the scripts of keepalived', () => {
  const scripts = [paths.checkEndpointScript, paths.findInterfaceScript].flatMap((path) =>
    having(path).map(([title, plan]) => [title, plan, path] as const),
  );

  test.skipIf(!canRun('shellcheck', { shellcheck: findProgram('shellcheck') !== undefined })).each(scripts)(
    'please shellcheck, %s',
    async (_, plan, path) => {
      const input = await textOf(plan, path);
      const { stdout } = spawnSync(findProgram('shellcheck') ?? '', ['-'], { encoding: 'utf8', input });
      expect(stdout).toBe('');
    },
  );

  test.skipIf(!canRun('finding an interface', { ip: findProgram('ip') !== undefined })).each([
    ['127.0.0.1', 'interface lo\n', 0],
    ['198.51.100.99', '', 1],
    ['27.0.0.1', '', 1],
  ])('the interface of %s', async (address, wanted, status) => {
    const [, plan] = having(paths.findInterfaceScript)[0] ?? [];
    if (plan === undefined) throw new Error('no cluster finds an interface');
    const root = mkdtempSync(join(folder, 'interface-'));
    const script = (await textOf(plan, paths.findInterfaceScript))
      .replace(/^readonly ADDRESS=.*$/m, `readonly ADDRESS=${address}`)
      .replaceAll(paths.keepalivedRuntimeDir, root);
    const result = spawnSync('bash', ['-c', `${script}\ncat ${root}/interface.conf`], { encoding: 'utf8' });
    expect(result).toMatchObject({ status, stdout: wanted });
    expect(result.stderr).toBe(status === 0 ? '' : `no interface of this host has the address ${address}\n`);
  });

  describe.skipIf(!canRun('the check', { 'curl (Debian: curl)': findProgram('curl') !== undefined }))(
    'the check',
    () => {
      const cluster = clusterOf('endpoint: { mode: keepalived, vip: 192.0.2.100 }', fiveHosts);

      /** What the check says of a server that shows a certificate and gives a status. */
      async function verdictOf(pki: Pki, host: string, status: number): Promise<number | null> {
        const pair = pki.certificates.get(certificateId(hostOf(cluster, host), 'apiserver'));
        const server = createServer(
          { key: pair?.privateKeyPem, cert: pair?.certificatePem },
          (_, response) => {
            response.writeHead(status).end();
          },
        );
        await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
        const { port } = server.address() as AddressInfo;
        const [, text] = await placed(folder, planOf(cluster, 'm1'), paths.checkEndpointScript, [
          paths.keepalivedAuthority,
        ]);
        const child = spawn('sh', ['-c', text.replace('127.0.0.1:6443', `127.0.0.1:${port}`)], {
          stdio: 'ignore',
          env: { ...process.env, https_proxy: 'http://127.0.0.1:9' },
        });
        const code = await new Promise<number | null>((done) => child.on('close', done));
        server.close().closeAllConnections();
        return code;
      }

      test('takes an API server that is ready, and no other', async () => {
        const pki = await keysOf(cluster);
        expect(await verdictOf(pki, 'm1', 200)).toBe(0);
        expect(await verdictOf(pki, 'm1', 500)).not.toBe(0);
        expect(await verdictOf(pki, 'm1', 401)).not.toBe(0);
        expect(await verdictOf(await pkiOf(cluster), 'm1', 200)).not.toBe(0);
      });
    },
  );
});
