/** Rules about keys that have an effect only together with others: bootstrap, runtime, kube-proxy. */
import {
  defaultProxyMode,
  firstWithoutDockershim,
  ipvsDeprecatedFrom,
  isFrom,
  nftablesFrom,
  nftablesGate,
} from '../../catalog/releases.ts';
import { parseDuration } from '../../lib/duration.ts';
import type { Problem } from '../problem.ts';
import type { RuleContext } from '../rules.ts';
import { bootstrapKeys, runtimeKeys } from '../schema.ts';

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
  if (runtime?.type === 'docker' && runtime.socket !== undefined && facts.version !== undefined) {
    const reason = isFrom(facts.version.minor, firstWithoutDockershim)
      ? 'hardway runs cri-dockerd itself'
      : 'the kubelet serves dockershim itself';
    const message = `runtime.socket has no effect with runtime.type docker: ${reason}`;
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

/** Mirrors are written where the runtime reads them. */
export function* mirrorsFitTheRuntime({ inventory: { runtime }, facts }: RuleContext): Iterable<Problem> {
  const mirrors = Object.entries(runtime?.registryMirrors ?? {});
  const type = runtime?.type ?? runtimeKeys.type.default;
  for (const [registry, urls] of mirrors) {
    const path = ['runtime', 'registryMirrors', registry];
    for (const [index, url] of (urls ?? []).entries()) {
      if (url === undefined || !/\/\/[^/]*@/.test(url)) continue;
      const message = 'the URL of a mirror holds a password, which everybody on the host could read';
      yield { code: 'invalid-url', path: [...path, index], message, fix: 'use a mirror without a password' };
    }
    const isRead = type === 'containerd' || (type === 'docker' && registry === 'docker.io');
    if (isRead || facts.isBroken('runtime', 'type')) continue;
    const reason =
      type === 'docker' ? 'Docker has mirrors of docker.io only' : "the runtime is somebody else's";
    yield {
      code: 'unused-key',
      severity: 'warning',
      path,
      atKey: true,
      message: `the mirrors of ${registry} have no effect with runtime.type ${type}: ${reason}`,
      fix: type === 'docker' ? 'delete them, or use containerd' : 'set them up in the runtime itself',
    };
  }
}

/** kube-proxy has the mode in this version, and the keys that it needs. */
export function* proxyKeysFitTheMode({ inventory, facts }: RuleContext): Iterable<Problem> {
  const proxy = inventory.network?.proxy;
  if (proxy === undefined || facts.isBroken('network', 'proxy', 'mode')) return;
  const minor = facts.version?.minor;
  const mode = proxy.mode ?? (minor === undefined ? undefined : defaultProxyMode(minor));
  const path = ['network', 'proxy', 'mode'];
  if (mode === 'nftables' && minor !== undefined && !isFrom(minor, nftablesFrom.beta)) {
    const hasGate = inventory.kubernetes?.featureGates?.[nftablesGate] === true;
    const isAlpha = isFrom(minor, nftablesFrom.alpha);
    if (!isAlpha || !hasGate) {
      const gate = isAlpha ? ` without the feature gate ${nftablesGate}, it is alpha there` : '';
      const message = `Kubernetes ${minor} has no proxy mode nftables${gate}; it came with ${nftablesFrom.beta}`;
      yield { code: 'version-mismatch', path, message, fix: 'write "ipvs" or "iptables"' };
    }
  }
  if (proxy.mode === 'ipvs' && minor !== undefined && isFrom(minor, ipvsDeprecatedFrom)) {
    const message = `kube-proxy calls the mode ipvs deprecated since ${ipvsDeprecatedFrom}`;
    yield { code: 'deprecated-value', severity: 'warning', path, message, fix: 'write "nftables"' };
  }
  if (mode !== undefined && mode !== 'ipvs' && proxy.ipvsScheduler !== undefined) {
    const message = `ipvsScheduler has no effect with network.proxy.mode ${mode}`;
    yield {
      code: 'unused-key',
      severity: 'warning',
      path: ['network', 'proxy', 'ipvsScheduler'],
      atKey: true,
      message,
      fix: 'delete "ipvsScheduler"',
    };
  }
}
