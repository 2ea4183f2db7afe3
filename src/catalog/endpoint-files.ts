/** Files of the endpoint modes keepalived, haproxy and node-local, see docs/endpoint.md. */
import type { HostFileRow } from './host-files.ts';
import * as paths from './paths.ts';

const keepalived = ['keepalived.service'];
const balancer = 'hardway-api-balancer.service';
const floating = { roles: ['control-plane', 'load-balancer'], when: 'runsKeepalived' } as const;

export const endpointFiles: readonly HostFileRow[] = [
  // The floating address.
  {
    ...floating,
    path: paths.keepalivedConfig,
    source: { template: 'etc/keepalived/keepalived.conf.hbs' },
    mode: 0o644,
    services: keepalived,
  },
  {
    ...floating,
    path: paths.keepalivedAuthority,
    source: { authority: 'kubernetes-ca', part: 'certificate' },
    mode: 0o644,
  },
  {
    ...floating,
    path: paths.checkEndpointScript,
    source: { template: 'usr/local/sbin/hardway-check-endpoint.hbs' },
    mode: 0o755,
  },
  {
    ...floating,
    when: 'findsInterface',
    path: paths.findInterfaceScript,
    source: { template: 'usr/local/sbin/hardway-find-interface.hbs' },
    mode: 0o755,
  },
  {
    ...floating,
    when: 'findsInterface',
    path: `${paths.systemdDir}/keepalived.service.d/10-hardway-interface.conf`,
    source: { template: 'etc/systemd/system/keepalived.service.d/10-hardway-interface.conf.hbs' },
    mode: 0o644,
    services: keepalived,
  },

  // The balancer for all clients.
  {
    path: paths.haproxyConfig,
    source: { template: 'etc/haproxy/_balancer.cfg.hbs' },
    roles: ['load-balancer'],
    when: 'balancesForOthers',
    mode: 0o644,
    services: ['haproxy.service'],
  },
  {
    path: paths.haproxyAuthority,
    source: { authority: 'kubernetes-ca', part: 'certificate' },
    roles: ['load-balancer'],
    when: 'balancesForOthers',
    mode: 0o644,
    services: ['haproxy.service'],
  },

  // The balancer of a worker for itself.
  {
    path: paths.apiBalancerConfig,
    source: { template: 'etc/haproxy/_balancer.cfg.hbs' },
    roles: ['worker'],
    when: 'balancesForItself',
    mode: 0o644,
    services: [balancer],
  },
  {
    path: `${paths.systemdDir}/${balancer}`,
    source: { template: `etc/systemd/system/${balancer}.hbs` },
    roles: ['worker'],
    when: 'balancesForItself',
    mode: 0o644,
    services: [balancer],
  },
];
