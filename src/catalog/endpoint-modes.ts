/** The endpoint modes: what clients dial and where API servers listen. docs/endpoint.md tells them apart. */
import type { EndpointMode, Role } from '../model/cluster.ts';

export interface EndpointModeRow {
  /** `endpoint`: clients dial API servers themselves, so that these listen on the endpoint's port. */
  readonly apiServerPort: 'endpoint' | 6443;
  /** What the clients on a host dial: the endpoint, or on `loopback` the API server or balancer of their own. */
  readonly dialled: 'endpoint' | 'loopback';
  /** What the endpoint's name means in /etc/hosts. */
  readonly name: 'control-planes' | 'floating' | 'not-written';
  /** The hosts that the floating address moves between; `vip` may be left out with only one of them. */
  readonly floatsOn?: Role;
  readonly needsAddress?: 'always' | 'of-several';
  /** Whether something asks API servers for /readyz, without a credential. */
  readonly asksReadyz: boolean;
  readonly why: string;
}

export const endpointModeRows: Readonly<Record<EndpointMode, EndpointModeRow>> = {
  hosts: {
    apiServerPort: 'endpoint',
    dialled: 'endpoint',
    name: 'control-planes',
    asksReadyz: false,
    why: 'nothing more to run; clients try the addresses of a name one after the other',
  },
  external: {
    apiServerPort: 6443,
    dialled: 'endpoint',
    name: 'not-written',
    asksReadyz: false,
    why: 'others keep the load balancer and its name',
  },
  keepalived: {
    apiServerPort: 'endpoint',
    dialled: 'endpoint',
    name: 'floating',
    floatsOn: 'control-plane',
    needsAddress: 'always',
    asksReadyz: true,
    why: 'the address leads to an API server itself; one of them serves all',
  },
  haproxy: {
    apiServerPort: 6443,
    dialled: 'endpoint',
    name: 'floating',
    floatsOn: 'load-balancer',
    needsAddress: 'of-several',
    asksReadyz: true,
    why: 'all API servers serve, behind balancers that may be hosts of their own',
  },
  'node-local': {
    apiServerPort: 'endpoint',
    dialled: 'loopback',
    name: 'not-written',
    asksReadyz: true,
    why: 'no shared address: works in any network, also across subnets',
  },
};
