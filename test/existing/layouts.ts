/** Hosts in the layouts of kubeasz, of k8s-certs-generator with k8s-bin-inst, and of guides by hand. */
import type { Files } from './folder.ts';
import { both, client, issue, kubeconfig, newKey, type Pair, publicHalf, server } from './openssl.ts';

const lines = (...text: readonly string[]) => `${text.join('\n')}\n`;

/** A unit whose flags stand on a line each. */
function unit(program: string, flags: readonly string[]): string {
  return lines(
    '[Unit]',
    `Description=${program}`,
    '',
    '[Service]',
    `ExecStart=${program} \\`,
    ...flags.map((flag, index) => `  ${flag}${index < flags.length - 1 ? ' \\' : ''}`),
    'Restart=always',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  );
}

const services =
  'DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local';
const masters = ['192.168.1.1', '192.168.1.2'];
const year = 365;

/**
 * Two control planes with etcd and a worker, named by their addresses: one authority for all, valid for a
 * hundred years, whose key also signs tokens; etcd on loopback without TLS.
 */
export function kubeasz(): Readonly<Record<string, Files>> {
  const ssl = '/etc/kubernetes/ssl';
  const ca = issue({ subject: '/O=k8s/CN=kubernetes-ca', days: 100 * year, isAuthority: true });
  const admin = issue({ subject: '/O=system:masters/CN=admin', days: 50 * year, usages: both }, ca);
  const endpoint = 'https://127.0.0.1:6443';
  const kubeletOf = (name: string, address: string): Files => {
    const own = issue(
      {
        subject: `/O=system:nodes/CN=system:node:${name}`,
        days: 50 * year,
        usages: both,
        sans: `IP:${address}`,
      },
      ca,
    );
    const proxy = issue({ subject: '/O=k8s/CN=system:kube-proxy', days: 50 * year, usages: both }, ca);
    return {
      [`${ssl}/ca.pem`]: ca.certificate,
      [`${ssl}/kubelet.pem`]: own.certificate,
      [`${ssl}/kubelet-key.pem`]: own.key,
      '/etc/kubernetes/kubelet.kubeconfig': kubeconfig(endpoint, ca.certificate, `system:node:${name}`, own),
      '/etc/kubernetes/kube-proxy.kubeconfig': kubeconfig(endpoint, ca.certificate, 'kube-proxy', proxy),
      '/etc/systemd/system/kubelet.service': unit('/opt/kube/bin/kubelet', [
        '--config=/var/lib/kubelet/config.yaml',
        '--container-runtime-endpoint=unix:///run/containerd/containerd.sock',
        `--hostname-override=${name}`,
        '--kubeconfig=/etc/kubernetes/kubelet.kubeconfig',
        '--root-dir=/var/lib/kubelet',
        '--v=2',
      ]),
      '/etc/systemd/system/kube-proxy.service': unit('/opt/kube/bin/kube-proxy', [
        '--config=/var/lib/kube-proxy/kube-proxy-config.yaml',
      ]),
      '/var/lib/kubelet/config.yaml': lines(
        'kind: KubeletConfiguration',
        'apiVersion: kubelet.config.k8s.io/v1beta1',
        `address: ${address}`,
        'authentication:',
        '  anonymous:',
        '    enabled: false',
        '  webhook:',
        '    enabled: true',
        '  x509:',
        `    clientCAFile: ${ssl}/ca.pem`,
        'authorization:',
        '  mode: Webhook',
        'cgroupDriver: systemd',
        'clusterDNS:',
        '- 10.68.0.2',
        'clusterDomain: cluster.local',
        'maxPods: 110',
        'readOnlyPort: 0',
        `tlsCertFile: ${ssl}/kubelet.pem`,
        `tlsPrivateKeyFile: ${ssl}/kubelet-key.pem`,
      ),
      '/var/lib/kube-proxy/kube-proxy-config.yaml': lines(
        'kind: KubeProxyConfiguration',
        'apiVersion: kubeproxy.config.k8s.io/v1alpha1',
        `bindAddress: ${address}`,
        'clientConnection:',
        '  kubeconfig: "/etc/kubernetes/kube-proxy.kubeconfig"',
        'clusterCIDR: "172.20.0.0/16"',
        `hostnameOverride: "${name}"`,
        'mode: "ipvs"',
      ),
    };
  };
  const masterOf = (name: string, address: string): Files => {
    const own = issue(
      {
        subject: '/O=k8s/CN=kubernetes',
        days: 50 * year,
        usages: both,
        sans: `IP:127.0.0.1,IP:${address},IP:10.68.0.1,${services}`,
      },
      ca,
    );
    const etcd = issue(
      {
        subject: '/O=k8s/CN=etcd',
        days: 50 * year,
        usages: both,
        sans: `IP:127.0.0.1,${masters.map((one) => `IP:${one}`).join(',')}`,
      },
      ca,
    );
    const component = (name: string) =>
      kubeconfig(
        endpoint,
        ca.certificate,
        name,
        issue({ subject: `/O=k8s/CN=system:${name}`, days: 50 * year, usages: both }, ca),
      );
    return {
      ...kubeletOf(name, address),
      [`${ssl}/ca-key.pem`]: ca.key,
      [`${ssl}/kubernetes.pem`]: own.certificate,
      [`${ssl}/kubernetes-key.pem`]: own.key,
      '/etc/etcd/ssl/etcd.pem': etcd.certificate,
      '/etc/etcd/ssl/etcd-key.pem': etcd.key,
      '/etc/kubernetes/kube-controller-manager.kubeconfig': component('kube-controller-manager'),
      '/etc/kubernetes/kube-scheduler.kubeconfig': component('kube-scheduler'),
      '/root/.kube/config': kubeconfig(`https://${address}:6443`, ca.certificate, 'admin', admin),
      '/etc/systemd/system/etcd.service': unit('/opt/kube/bin/etcd', [
        `--name=etcd-${address}`,
        '--cert-file=/etc/etcd/ssl/etcd.pem',
        '--key-file=/etc/etcd/ssl/etcd-key.pem',
        '--peer-cert-file=/etc/etcd/ssl/etcd.pem',
        '--peer-key-file=/etc/etcd/ssl/etcd-key.pem',
        `--trusted-ca-file=${ssl}/ca.pem`,
        `--peer-trusted-ca-file=${ssl}/ca.pem`,
        `--initial-advertise-peer-urls=https://${address}:2380`,
        `--listen-peer-urls=https://${address}:2380`,
        `--listen-client-urls=https://${address}:2379,http://127.0.0.1:2379`,
        `--advertise-client-urls=https://${address}:2379`,
        '--initial-cluster-token=etcd-cluster-0',
        `--initial-cluster=${masters.map((one) => `etcd-${one}=https://${one}:2380`).join(',')}`,
        '--initial-cluster-state=new',
        '--data-dir=/var/lib/etcd',
      ]),
      '/etc/systemd/system/kube-apiserver.service': unit('/opt/kube/bin/kube-apiserver', [
        '--allow-privileged=true',
        '--anonymous-auth=false',
        '--api-audiences=api,istio-ca',
        '--authorization-mode=Node,RBAC',
        `--bind-address=${address}`,
        `--client-ca-file=${ssl}/ca.pem`,
        '--endpoint-reconciler-type=lease',
        `--etcd-cafile=${ssl}/ca.pem`,
        `--etcd-certfile=${ssl}/kubernetes.pem`,
        `--etcd-keyfile=${ssl}/kubernetes-key.pem`,
        `--etcd-servers=${masters.map((one) => `https://${one}:2379`).join(',')}`,
        `--kubelet-certificate-authority=${ssl}/ca.pem`,
        `--kubelet-client-certificate=${ssl}/kubernetes.pem`,
        `--kubelet-client-key=${ssl}/kubernetes-key.pem`,
        '--secure-port=6443',
        '--service-account-issuer=https://kubernetes.default.svc',
        `--service-account-signing-key-file=${ssl}/ca-key.pem`,
        `--service-account-key-file=${ssl}/ca.pem`,
        '--service-cluster-ip-range=10.68.0.0/16',
        '--service-node-port-range=30000-32767',
        `--tls-cert-file=${ssl}/kubernetes.pem`,
        `--tls-private-key-file=${ssl}/kubernetes-key.pem`,
        `--requestheader-client-ca-file=${ssl}/ca.pem`,
        '--requestheader-allowed-names=',
      ]),
      '/etc/systemd/system/kube-controller-manager.service': unit('/opt/kube/bin/kube-controller-manager', [
        '--allocate-node-cidrs=true',
        '--bind-address=0.0.0.0',
        '--cluster-cidr=172.20.0.0/16',
        '--cluster-name=kubernetes',
        `--cluster-signing-cert-file=${ssl}/ca.pem`,
        `--cluster-signing-key-file=${ssl}/ca-key.pem`,
        '--kubeconfig=/etc/kubernetes/kube-controller-manager.kubeconfig',
        '--leader-elect=true',
        '--node-cidr-mask-size=24',
        `--root-ca-file=${ssl}/ca.pem`,
        `--service-account-private-key-file=${ssl}/ca-key.pem`,
        '--service-cluster-ip-range=10.68.0.0/16',
        '--use-service-account-credentials=true',
      ]),
      '/etc/systemd/system/kube-scheduler.service': unit('/opt/kube/bin/kube-scheduler', [
        '--kubeconfig=/etc/kubernetes/kube-scheduler.kubeconfig',
        '--bind-address=0.0.0.0',
        '--leader-elect=true',
      ]),
    };
  };
  return {
    'master-01': masterOf('master-01', '192.168.1.1'),
    'master-02': masterOf('master-02', '192.168.1.2'),
    'worker-01': {
      ...kubeletOf('worker-01', '192.168.1.3'),
      '/root/.kube/config': kubeconfig('https://192.168.1.1:6443', ca.certificate, 'admin', admin),
    },
  };
}

const domain = 'magedu.com';
const names = ['master01', 'master02', 'master03'];

interface Generated {
  /** `auth/…`, `pki/…` and token.csv by the folder that the generator makes. */
  readonly folders: Readonly<Record<string, Files>>;
  /** `pki/…` for all members. */
  readonly etcd: Files;
}

/** What k8s-certs-generator makes: an sa.key for each control plane, one pair of etcd for all, and only the service's address. */
export function generated(): Generated {
  const days = 10 * year;
  const ca = issue({ subject: '/CN=k8s-ca', days, isAuthority: true });
  const etcdCa = issue({ subject: '/CN=etcd-ca', days, isAuthority: true });
  const frontCa = issue({ subject: '/CN=front-proxy-ca', days, isAuthority: true });
  const frontClient = issue({ subject: '/CN=front-proxy-client', days, usages: client }, frontCa);
  const apiName = `kubernetes-api.${domain}`;
  const etcdClient = issue({ subject: '/CN=etcd-client', days, usages: client }, etcdCa);
  const proxy = issue({ subject: '/CN=system:kube-proxy', days, usages: client }, ca);
  const pairFiles = (path: string, { certificate, key }: Pair): Files => ({
    [`${path}.crt`]: certificate,
    [`${path}.key`]: key,
  });
  const token = 'a1b2c3.0123456789abcdef';
  const masterOf = (name: string): Files => {
    const direct = `https://${name}.${domain}:6443`;
    const masterClient = issue(
      { subject: '/CN=kube-apiserver-kubelet-client/O=system:masters', days, usages: client },
      ca,
    );
    const saKey = newKey();
    const component = (which: string) => issue({ subject: `/CN=system:${which}`, days, usages: client }, ca);
    return {
      'pki/ca.crt': ca.certificate,
      'pki/ca.key': ca.key,
      ...pairFiles(
        'pki/apiserver',
        issue(
          {
            subject: '/CN=kube-apiserver',
            days,
            usages: server,
            sans: `${services},DNS:${name}.${domain},DNS:${apiName},IP:10.96.0.1`,
          },
          ca,
        ),
      ),
      ...pairFiles('pki/apiserver-kubelet-client', masterClient),
      'pki/front-proxy-ca.crt': frontCa.certificate,
      'pki/front-proxy-ca.key': frontCa.key,
      ...pairFiles('pki/front-proxy-client', frontClient),
      'pki/sa.key': saKey,
      'pki/sa.pub': publicHalf(saKey),
      'auth/controller-manager.conf': kubeconfig(
        direct,
        ca.certificate,
        'system:kube-controller-manager',
        component('kube-controller-manager'),
      ),
      'auth/scheduler.conf': kubeconfig(
        direct,
        ca.certificate,
        'system:kube-scheduler',
        component('kube-scheduler'),
      ),
      'auth/admin.conf': kubeconfig(direct, ca.certificate, 'k8s-admin', masterClient),
      'token.csv': `${token},"system:bootstrapper",10001,"system:bootstrappers"\n`,
    };
  };
  const endpoint = `https://${apiName}:6443`;
  return {
    folders: {
      ...Object.fromEntries(names.map((name) => [name, masterOf(name)])),
      kubelet: {
        'pki/ca.crt': ca.certificate,
        ...pairFiles('pki/kube-proxy', proxy),
        'auth/kube-proxy.conf': kubeconfig(endpoint, ca.certificate, 'system:kube-proxy', proxy),
        'auth/bootstrap.conf': kubeconfig(endpoint, ca.certificate, 'system:bootstrapper', token),
      },
    },
    etcd: {
      'pki/ca.crt': etcdCa.certificate,
      ...pairFiles(
        'pki/server',
        issue(
          { subject: '/CN=etcd', days, usages: server, sans: `DNS:*.${domain},DNS:localhost,IP:127.0.0.1` },
          etcdCa,
        ),
      ),
      ...pairFiles(
        'pki/peer',
        issue(
          {
            subject: '/CN=etcd-peer',
            days,
            usages: both,
            sans: `DNS:*.${domain},DNS:localhost,IP:127.0.0.1`,
          },
          etcdCa,
        ),
      ),
      ...pairFiles('pki/client', etcdClient),
      ...pairFiles('pki/apiserver-etcd-client', etcdClient),
    },
  };
}

const environment = (variables: Readonly<Record<string, string>>) =>
  lines(
    ...Object.entries(variables).flatMap(([name, value]) => [
      `# ${name.toLowerCase().replaceAll('_', ' ')}`,
      `${name}="${value}"`,
      '',
    ]),
  );

/** A unit whose command line is variables of files. */
function variableUnit(program: string, files: readonly string[], variables: readonly string[]): string {
  return lines(
    '[Unit]',
    `Description=${program}`,
    'After=network.target',
    '',
    '[Service]',
    ...files.map((file) => `EnvironmentFile=-/etc/kubernetes/${file}`),
    'User=kube',
    `ExecStart=/usr/local/kubernetes/server/bin/${program} \\`,
    ...variables.map((name, index) => `\t    $${name}${index < variables.length - 1 ? ' \\' : ''}`),
    'Restart=on-failure',
    'Type=notify',
    'LimitNOFILE=65536',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  );
}

/** The guide's six hosts: the generator's files with env files and units of k8s-bin-inst, in /lib/systemd/system. */
export function guide(): Readonly<Record<string, Files>> {
  const { folders, etcd } = generated();
  const at = (prefix: string, files: Files): Files =>
    Object.fromEntries(Object.entries(files).map(([path, content]) => [`${prefix}/${path}`, content]));
  const pki = '/etc/kubernetes/pki';
  const shared = environment({
    KUBE_LOGTOSTDERR: '--logtostderr=true',
    KUBE_LOG_LEVEL: '--v=0',
    KUBE_ALLOW_PRIV: '--allow-privileged=true',
  });
  const etcdServers = names.map((_, index) => `https://etcd0${index + 1}.${domain}:2379`).join(',');
  const hostsFile = lines(
    '127.0.0.1\tlocalhost',
    '127.0.1.1\tubuntu',
    ...names.map(
      (name, index) =>
        `172.16.0.10${index + 1} ${name}.${domain} etcd0${index + 1}.${domain} etcd0${index + 1}${index === 0 ? ` kubernetes-api.${domain}` : ''}`,
    ),
    ...[1, 2, 3].map((number) => `172.16.0.10${number + 3} node0${number}.${domain}`),
  );
  const masterOf = (name: string, number: number): Files => ({
    ...at('/etc/kubernetes', folders[name] ?? {}),
    ...at('/etc/etcd', etcd),
    '/etc/hosts': hostsFile,
    '/etc/hostname': `${name}.${domain}\n`,
    '/etc/default/etcd': environment({
      ETCD_DATA_DIR: '/var/lib/etcd/k8s.etcd',
      ETCD_LISTEN_PEER_URLS: `https://172.16.0.10${number}:2380`,
      ETCD_LISTEN_CLIENT_URLS: `https://172.16.0.10${number}:2379`,
      ETCD_NAME: `etcd0${number}.${domain}`,
      ETCD_INITIAL_ADVERTISE_PEER_URLS: `https://etcd0${number}.${domain}:2380`,
      ETCD_ADVERTISE_CLIENT_URLS: `https://etcd0${number}.${domain}:2379`,
      ETCD_INITIAL_CLUSTER: names
        .map((_, index) => `etcd0${index + 1}.${domain}=https://etcd0${index + 1}.${domain}:2380`)
        .join(','),
      ETCD_INITIAL_CLUSTER_TOKEN: 'k8s-etcd-cluster',
      ETCD_CERT_FILE: '/etc/etcd/pki/server.crt',
      ETCD_KEY_FILE: '/etc/etcd/pki/server.key',
      ETCD_CLIENT_CERT_AUTH: 'true',
      ETCD_TRUSTED_CA_FILE: '/etc/etcd/pki/ca.crt',
      ETCD_AUTO_TLS: 'false',
      ETCD_PEER_CERT_FILE: '/etc/etcd/pki/peer.crt',
      ETCD_PEER_KEY_FILE: '/etc/etcd/pki/peer.key',
      ETCD_PEER_CLIENT_CERT_AUTH: 'true',
      ETCD_PEER_TRUSTED_CA_FILE: '/etc/etcd/pki/ca.crt',
      ETCD_PEER_AUTO_TLS: 'false',
    }),
    '/lib/systemd/system/etcd.service': lines(
      '[Unit]',
      'Description=etcd',
      '',
      '[Service]',
      'Environment=DAEMON_ARGS=',
      'Environment=ETCD_NAME=%H',
      'Environment=ETCD_DATA_DIR=/var/lib/etcd/default',
      'EnvironmentFile=-/etc/default/%p',
      'Type=notify',
      'User=etcd',
      'ExecStart=/usr/bin/etcd $DAEMON_ARGS',
      'Restart=on-abnormal',
      '',
      '[Install]',
      'WantedBy=multi-user.target',
      'Alias=etcd2.service',
    ),
    '/etc/kubernetes/config': shared,
    '/etc/kubernetes/apiserver': environment({
      KUBE_API_ADDRESS: '--advertise-address=0.0.0.0',
      KUBE_API_PORT: '--secure-port=6443 --insecure-port=0',
      KUBE_ETCD_SERVERS: `--etcd-servers=${etcdServers}`,
      KUBE_SERVICE_ADDRESSES: '--service-cluster-ip-range=10.96.0.0/12',
      KUBE_ADMISSION_CONTROL: '--enable-admission-plugins=NodeRestriction',
      KUBE_API_ARGS: `--authorization-mode=Node,RBAC \\\n    --client-ca-file=${pki}/ca.crt \\\n    --enable-bootstrap-token-auth=true \\\n    --etcd-cafile=/etc/etcd/pki/ca.crt \\\n    --etcd-certfile=/etc/etcd/pki/apiserver-etcd-client.crt \\\n    --etcd-keyfile=/etc/etcd/pki/apiserver-etcd-client.key \\\n    --kubelet-client-certificate=${pki}/apiserver-kubelet-client.crt \\\n    --kubelet-client-key=${pki}/apiserver-kubelet-client.key \\\n    --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname \\\n    --proxy-client-cert-file=${pki}/front-proxy-client.crt \\\n    --proxy-client-key-file=${pki}/front-proxy-client.key \\\n    --requestheader-allowed-names=front-proxy-client \\\n    --requestheader-client-ca-file=${pki}/front-proxy-ca.crt \\\n    --service-account-issuer=https://kubernetes.default.svc \\\n    --service-account-signing-key-file=${pki}/sa.key \\\n    --service-account-key-file=${pki}/sa.pub \\\n    --tls-cert-file=${pki}/apiserver.crt \\\n    --tls-private-key-file=${pki}/apiserver.key \\\n    --token-auth-file=/etc/kubernetes/token.csv`,
    }),
    '/etc/kubernetes/controller-manager': environment({
      KUBE_CONTROLLER_MANAGER_ARGS: `--bind-address=127.0.0.1 \\\n    --allocate-node-cidrs=true \\\n    --cluster-cidr=10.244.0.0/16 \\\n    --cluster-signing-cert-file=${pki}/ca.crt \\\n    --cluster-signing-key-file=${pki}/ca.key \\\n    --kubeconfig=/etc/kubernetes/auth/controller-manager.conf \\\n    --leader-elect=true \\\n    --root-ca-file=${pki}/ca.crt \\\n    --service-account-private-key-file=${pki}/sa.key \\\n    --use-service-account-credentials=true`,
    }),
    '/etc/kubernetes/scheduler': environment({
      KUBE_SCHEDULER_ARGS:
        '--address=127.0.0.1 --kubeconfig=/etc/kubernetes/auth/scheduler.conf --leader-elect=true',
    }),
    '/lib/systemd/system/kube-apiserver.service': variableUnit(
      'kube-apiserver',
      ['config', 'apiserver'],
      [
        'KUBE_LOGTOSTDERR',
        'KUBE_LOG_LEVEL',
        'KUBE_ETCD_SERVERS',
        'KUBE_API_ADDRESS',
        'KUBE_API_PORT',
        'KUBELET_PORT',
        'KUBE_ALLOW_PRIV',
        'KUBE_SERVICE_ADDRESSES',
        'KUBE_ADMISSION_CONTROL',
        'KUBE_API_ARGS',
      ],
    ),
    '/lib/systemd/system/kube-controller-manager.service': variableUnit(
      'kube-controller-manager',
      ['config', 'controller-manager'],
      ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBE_CONTROLLER_MANAGER_ARGS'],
    ),
    '/lib/systemd/system/kube-scheduler.service': variableUnit(
      'kube-scheduler',
      ['config', 'scheduler'],
      ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBE_SCHEDULER_ARGS'],
    ),
  });
  const nodeOf = (name: string): Files => ({
    ...at('/etc/kubernetes', folders.kubelet ?? {}),
    '/etc/hosts': hostsFile,
    '/etc/hostname': `${name}.${domain}\n`,
    '/etc/kubernetes/config': shared,
    '/etc/kubernetes/kubelet': environment({
      KUBELET_ADDRESS: '--address=0.0.0.0',
      KUBELET_ARGS:
        '--network-plugin=cni --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/kubernetes/auth/kubelet.conf --bootstrap-kubeconfig=/etc/kubernetes/auth/bootstrap.conf',
    }),
    '/etc/kubernetes/proxy': environment({ KUBE_PROXY_ARGS: '--config=/var/lib/kube-proxy/config.yaml' }),
    '/lib/systemd/system/kubelet.service': variableUnit(
      'kubelet',
      ['config', 'kubelet'],
      ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBELET_ADDRESS', 'KUBELET_HOSTNAME', 'KUBELET_ARGS'],
    ),
    '/lib/systemd/system/kube-proxy.service': variableUnit(
      'kube-proxy',
      ['config', 'proxy'],
      ['KUBE_LOGTOSTDERR', 'KUBE_LOG_LEVEL', 'KUBE_PROXY_ARGS'],
    ),
    '/var/lib/kubelet/config.yaml': lines(
      'apiVersion: kubelet.config.k8s.io/v1beta1',
      'kind: KubeletConfiguration',
      'authentication:',
      '  anonymous:',
      '    enabled: false',
      '  x509:',
      `    clientCAFile: ${pki}/ca.crt`,
      'authorization:',
      '  mode: Webhook',
      'cgroupDriver: cgroupfs',
      'clusterDNS:',
      '- 10.96.0.10',
      'clusterDomain: cluster.local',
      'rotateCertificates: true',
    ),
    '/var/lib/kube-proxy/config.yaml': lines(
      'apiVersion: kubeproxy.config.k8s.io/v1alpha1',
      'kind: KubeProxyConfiguration',
      'clientConnection:',
      '  kubeconfig: /etc/kubernetes/auth/kube-proxy.conf',
      'clusterCIDR: 10.244.0.0/16',
      'mode: ipvs',
    ),
    '/etc/docker/daemon.json': '{ "exec-opts": ["native.cgroupdriver=systemd"] }\n',
  });
  return {
    ...Object.fromEntries(names.map((name, index) => [name, masterOf(name, index + 1)])),
    ...Object.fromEntries(['node01', 'node02', 'node03'].map((name) => [name, nodeOf(name)])),
  };
}
