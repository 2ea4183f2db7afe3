/**
 * The balancers before the API servers, judged by haproxy and systemd. haproxy really runs,
 * before servers that are ready, not ready, or not who they say.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as paths from '../../src/catalog/paths.ts';
import type { KeyPair, Pki } from '../../src/model/certificate.ts';
import type { HostPlan } from '../../src/model/plan.ts';
import { certificateId } from '../../src/plan/certificates.ts';
import { having, keysOf, placed, plans, textOf } from '../support/balancing.ts';
import { temporaryFolder } from '../support/cli.ts';
import { clusterOf, fiveHosts, hostOf, pkiOf, planOf } from '../support/clusters.ts';
import { canRun, findProgram, isRoot } from '../support/requirements.ts';

const folder = temporaryFolder('haproxy');
const haproxy = findProgram('haproxy') ?? '';

const authorityOf = (path: string) =>
  path === paths.haproxyConfig ? paths.haproxyAuthority : `${paths.kubernetesPki}/ca.crt`;

describe.skipIf(!canRun('haproxy -c', { 'haproxy (Debian: haproxy)': haproxy !== '' }))(
  'the configuration of haproxy',
  () => {
    const cases = [paths.haproxyConfig, paths.apiBalancerConfig].flatMap((path) =>
      having(path).map(([title, plan]) => [title, plan, path] as const),
    );

    test('is there in several clusters', () => {
      expect(cases.length).toBeGreaterThan(5);
    });

    test.each(cases)('is accepted without a word, %s', async (_, plan, path) => {
      const [root, text] = await placed(folder, plan, path, [authorityOf(path)]);
      writeFileSync(join(root, 'haproxy.cfg'), text);
      const { status, stdout, stderr } = spawnSync(haproxy, ['-c', '-f', join(root, 'haproxy.cfg')], {
        encoding: 'utf8',
      });
      expect(stdout + stderr).not.toMatch(/WARNING|ALERT|NOTICE/);
      expect(status).toBe(0);
    });

    test.each(cases)('shows neither statistics nor a socket, %s', async (_, plan, path) => {
      expect(await textOf(plan, path)).not.toMatch(/stats|socket/);
    });
  },
);

describe('what haproxy listens on', () => {
  const bindsOf = async (plan: HostPlan, path: string) =>
    [...(await textOf(plan, path)).matchAll(/^ +bind (.*)$/gm)].map(([, bind]) => bind);

  test.each([
    ['load balancers with a floating address: b1', ['0.0.0.0:8443']],
    ['IPv6, load balancer', ['[::]:6443 v4v6']],
  ])('all addresses of a load balancer, %s', async (title, binds) => {
    const [, plan] = plans.find(([name]) => name === title) ?? [];
    expect(plan === undefined ? [] : await bindsOf(plan, paths.haproxyConfig)).toEqual(binds);
  });

  test.each([
    ['each host balances for itself: w1', ['127.0.0.1:6443']],
    ['IPv6, for itself', ['[::1]:6443']],
  ])('loopback where a host balances for itself, %s', async (title, binds) => {
    const [, plan] = plans.find(([name]) => name === title) ?? [];
    expect(plan === undefined ? [] : await bindsOf(plan, paths.apiBalancerConfig)).toEqual(binds);
  });
});

describe.skipIf(!canRun('haproxy at work', { 'haproxy (Debian: haproxy)': haproxy !== '', root: isRoot }))(
  'haproxy at work',
  () => {
    const cluster = clusterOf('endpoint: { mode: node-local }', fiveHosts);
    const plan = planOf(cluster, 'w1');
    const servers: Server[] = [];
    let child: ChildProcess | undefined;
    let port = 0;
    const states = { m1: 200, m2: 200, m3: 200 };

    async function serverOf(name: 'm1' | 'm2' | 'm3', pair: KeyPair): Promise<number> {
      const options = { key: pair.privateKeyPem, cert: pair.certificatePem };
      const server = createServer(options, (request, response) => {
        response.writeHead(request.url === '/readyz' ? states[name] : 404).end();
      });
      servers.push(server);
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return (server.address() as AddressInfo).port;
    }

    beforeAll(async () => {
      const [root, text] = await placed(folder, plan, paths.apiBalancerConfig, [
        authorityOf(paths.apiBalancerConfig),
      ]);
      const pki = await keysOf(cluster);
      const pairOf = (host: string, from: Pki) => {
        const pair = from.certificates.get(certificateId(hostOf(cluster, host), 'apiserver'));
        if (pair === undefined) throw new Error(`no certificate of ${host}`);
        return pair;
      };
      // m2 shows the certificate of m1, m3 one of another authority.
      const ports = [
        await serverOf('m1', pairOf('m1', pki)),
        await serverOf('m2', pairOf('m1', pki)),
        await serverOf('m3', pairOf('m3', await pkiOf(cluster))),
      ];
      const free = createServer();
      await new Promise<void>((done) => free.listen(0, '127.0.0.1', done));
      port = (free.address() as AddressInfo).port;
      await new Promise((done) => free.close(done));
      const config = ports.reduce(
        (sum, own, index) => sum.replace(`192.0.2.${index + 1}:6443`, `127.0.0.1:${own}`),
        text.replace('bind 127.0.0.1:6443', `bind 127.0.0.1:${port}`),
      );
      writeFileSync(join(root, 'haproxy.cfg'), config);
      child = spawn(haproxy, ['-db', '-f', join(root, 'haproxy.cfg')], { stdio: 'ignore' });
    });
    afterAll(() => {
      child?.kill('SIGKILL');
      for (const server of servers) server.close().closeAllConnections();
    });

    /** Which certificate a connection shows; undefined without a connection. */
    const certificateSeen = () =>
      new Promise<string | undefined>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.end();
        });
        socket.on('error', () => resolve(undefined));
        socket.on('close', () => resolve(undefined));
      });
    const seen = async () => new Set(await Promise.all(Array.from({ length: 12 }, certificateSeen)));

    async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
      for (let tries = 0; tries < 100; tries += 1) {
        if (await holds()) return;
        await new Promise((done) => setTimeout(done, 200));
      }
      throw new Error(`not so after 20 s: ${what}`);
    }

    test('asks who a server is, and leaves one that is another or of another authority', async () => {
      // m1 and m2 show one and the same certificate, so that it is m2's state that tells them apart.
      await until('only the certificate of m1 is shown', async () => {
        const found = await seen();
        return found.size === 1 && !found.has(undefined);
      });
      states.m1 = 500;
      await until('nobody serves once m1 is not ready', async () => {
        const found = await seen();
        return found.size === 1 && found.has(undefined);
      });
      states.m1 = 200;
      await until('m1 serves again', async () => !(await seen()).has(undefined));
    }, 60_000);
  },
);

describe('units, judged by systemd', () => {
  const systemd = findProgram('systemd-analyze');
  test.skipIf(!canRun('systemd-analyze verify', { 'systemd-analyze': systemd !== undefined }))(
    'hardway-api-balancer.service',
    async () => {
      const plan = planOf(clusterOf('endpoint: { mode: node-local }', fiveHosts), 'w1');
      const unit = 'hardway-api-balancer.service';
      const root = mkdtempSync(join(folder, 'units-'));
      writeFileSync(join(root, unit), await textOf(plan, `${paths.systemdDir}/${unit}`));
      const result = spawnSync(systemd ?? '', ['verify', '--man=no', join(root, unit)], { encoding: 'utf8' });
      expect(result).toMatchObject({ stderr: '', status: 0 });
    },
  );
});
