/** Rules about keys that have an effect only together with others: bootstrap, runtime, kube-proxy. */
import { parseDuration } from '../../lib/duration.ts';
import { compareMinors } from '../../lib/version.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { bootstrapKeys, proxyModeKeys } from '../schema.ts';

const shortestTTL = 10 * 60;
const longestTTL = 365 * 86_400;

/** The token has a sensible lifetime, where there is a token. */
export function* bootstrapKeysFitTheMethod({
  inventory: { bootstrap },
  facts,
}: RuleContext): Iterable<Problem> {
  const ttl = bootstrap?.tokenTTL;
  if (ttl === undefined || facts.isBroken('bootstrap', 'method')) return;
  const path = ['bootstrap', 'tokenTTL'];
  const method = bootstrap?.method ?? bootstrapKeys.method.default;
  if (method !== 'token-secret') {
    const message = `tokenTTL has no effect with bootstrap.method ${method}`;
    yield {
      code: 'unused-key',
      severity: 'warning',
      path,
      atKey: true,
      message,
      fix: 'delete "tokenTTL", or use method token-secret',
    };
  }
  const seconds = parseDuration(ttl) ?? 0;
  if (seconds >= shortestTTL && seconds <= longestTTL) return;
  yield {
    code: 'out-of-range',
    path,
    message: `tokenTTL must be between 10m and 365d, found ${ttl}`,
    fix: `write "${bootstrapKeys.tokenTTL.default}"`,
  };
}

/** The kubelet's own Docker support ended with 1.23 (kubernetes/enhancements#2221). */
const lastDockershim = '1.23';

/** The runtime has the keys that its type needs and no others. */
export function* runtimeKeysFitTheType({ inventory: { runtime }, facts }: RuleContext): Iterable<Problem> {
  if (runtime?.type === 'external' && !('socket' in runtime)) {
    const message = 'runtime.type external needs "socket": where the runtime listens';
    yield {
      code: 'missing-key',
      path: ['runtime', 'type'],
      message,
      fix: 'add "socket: /run/crio/crio.sock" with its own path',
    };
  }
  const socket = runtime?.socket;
  if (
    runtime?.type === 'docker' &&
    socket !== undefined &&
    compareMinors(facts.version?.minor ?? lastDockershim, lastDockershim) <= 0
  ) {
    const message =
      'runtime.socket has no effect with runtime.type docker: the kubelet serves dockershim itself';
    yield {
      code: 'unused-key',
      severity: 'warning',
      path: ['runtime', 'socket'],
      atKey: true,
      message,
      fix: 'delete "socket"',
    };
  }
  if (runtime?.proxy === undefined) return;
  const { http, https, noProxy } = runtime.proxy;
  const isEmpty = http === undefined && https === undefined && !facts.isBroken('runtime', 'proxy');
  if (isEmpty && noProxy !== undefined) {
    const message = 'noProxy has no effect without http or https';
    yield {
      code: 'unused-key',
      severity: 'warning',
      path: ['runtime', 'proxy', 'noProxy'],
      atKey: true,
      message,
      fix: 'add "http" or "https", or delete "noProxy"',
    };
  }
}

/** nftables is alpha in 1.29 and on without a feature gate from 1.31 (kubernetes/enhancements#3866). */
const firstNftables = '1.31';

/** kube-proxy has the mode in this version, and the keys that it needs. */
export function* proxyKeysFitTheMode({ inventory, facts }: RuleContext): Iterable<Problem> {
  const proxy = inventory.network?.proxy;
  if (proxy === undefined || facts.isBroken('network', 'proxy', 'mode')) return;
  const mode = proxy.mode ?? proxyModeKeys.mode.default;
  if (
    mode === 'nftables' &&
    facts.version !== undefined &&
    compareMinors(facts.version.minor, firstNftables) < 0
  ) {
    const message = `Kubernetes ${facts.version.minor} has no proxy mode nftables; it came with ${firstNftables}`;
    yield {
      code: 'version-mismatch',
      path: ['network', 'proxy', 'mode'],
      message,
      fix: 'write "ipvs" or "iptables"',
    };
  }
  if (mode !== 'ipvs' && proxy.ipvsScheduler !== undefined) {
    const path = ['network', 'proxy', 'ipvsScheduler'];
    const message = `ipvsScheduler has no effect with network.proxy.mode ${mode}`;
    yield {
      code: 'unused-key',
      severity: 'warning',
      path,
      atKey: true,
      message,
      fix: 'delete "ipvsScheduler"',
    };
  }
}
