/** Certificates of a store in a real handshake, both sides shown and checked. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { authorityOf } from '../../src/model/certificate.ts';
import { keyAlgorithms } from '../../src/model/cluster.ts';
import { openStore } from '../../src/pki/store.ts';
import { newStore, request, wanted } from '../unit/pki/support.ts';

const server = wanted('hosts/a/server', {
  usages: ['server'],
  sans: { dns: ['localhost'], ip: ['127.0.0.1', '::1'] },
});
const client = wanted('hosts/a/client', {
  usages: ['client'],
  commonName: 'x',
  organization: 'system:masters',
  sans: { dns: [], ip: [] },
});

test.each(keyAlgorithms.filter((name) => name !== 'rsa-4096'))('%s', async (keyAlgorithm) => {
  const { pki } = await openStore(newStore(), request({ keyAlgorithm, certificates: [server, client] }), {
    now: new Date(),
  });
  const ca = pki.authorities['kubernetes-ca'].certificatePem;
  const files = (id: string) => {
    const pair = pki.certificates.get(id);
    return { cert: pair?.certificatePem, key: pair?.privateKeyPem, ca };
  };
  const listener = createServer({ ...files(server.id), requestCert: true, rejectUnauthorized: true });
  const peers: string[] = [];
  listener.on('secureConnection', (socket) => {
    peers.push(String(socket.getPeerCertificate().subject.O));
    socket.end('hello');
  });
  // A refused client ends its connection, on the listener's side as an error of that connection alone.
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  onTestFinished(() => void listener.close());
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const dial = async (id: string | undefined, host: string, trusted = ca): Promise<string> => {
    const socket: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      servername: host,
      ...(id === undefined ? {} : files(id)),
      ca: trusted,
    });
    return new Promise((resolve) => {
      socket.on('data', (data) => resolve(String(data)));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      socket.on('end', () => resolve('ended'));
    });
  };
  expect(await dial(client.id, 'localhost')).toBe('hello');
  expect(peers).toEqual(['system:masters']);
  expect(await dial(client.id, 'elsewhere')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await dial(undefined, 'localhost')).not.toBe('hello');
  // A server's certificate is no client's.
  expect(await dial(server.id, 'localhost')).not.toBe('hello');
  expect(await dial(client.id, 'localhost', authorityOf(pki, 'etcd-ca').certificatePem)).not.toBe('hello');
});
