/** Where things land on a host. Every path of the product is written here once. */

export const etcdDir = '/etc/etcd';
export const etcdPki = `${etcdDir}/pki`;
export const etcdEnv = '/etc/default/etcd';
/** What etcdctl on the host wants to be told, for who works there. */
export const etcdctlEnv = `${etcdDir}/etcdctl.env`;
export const kubernetesDir = '/etc/kubernetes';
export const kubernetesPki = `${kubernetesDir}/pki`;
export const authDir = `${kubernetesDir}/auth`;
export const addonsDir = `${kubernetesDir}/addons`;
/** Manifests of the operator's own begin like this: after hardway's, in the order of the inventory. */
export const extraManifestPrefix = `${addonsDir}/50-`;
export const tokenFile = `${kubernetesDir}/token.csv`;
export const bootstrapTokenManifest = `${kubernetesDir}/bootstrap-token.yaml`;
export const encryptionConfig = `${kubernetesDir}/encryption-config.yaml`;
export const authenticationConfig = `${kubernetesDir}/authentication-config.yaml`;
export const admissionConfig = `${kubernetesDir}/admission-config.yaml`;
export const auditPolicy = `${kubernetesDir}/audit-policy.yaml`;
export const auditLogDir = '/var/log/kubernetes/audit';
export const kubeletDir = '/var/lib/kubelet';
/** Where the kubelet keeps the keys it makes itself. */
export const kubeletPki = `${kubeletDir}/pki`;
/** A link that the kubelet sets to the newest certificate that the cluster has given it. */
export const kubeletClientCertificate = `${kubeletPki}/kubelet-client-current.pem`;
/** Default of kubelet and controller-manager for FlexVolume drivers. */
export const volumePluginDir = '/usr/libexec/kubernetes/kubelet-plugins/volume/exec';
export const kubeProxyDir = '/var/lib/kube-proxy';
/** Where containerd looks for mirrors, a folder for each registry (config.toml). */
export const registriesDir = '/etc/containerd/certs.d';
/** Where kubelet and containerd look for network plugins (config.toml), and flannel puts its own. */
export const cniBinaryDir = '/opt/cni/bin';
export const systemdDir = '/etc/systemd/system';
export const modulesFile = '/etc/modules-load.d/10-k8s-modules.conf';
export const sysctlFile = '/etc/sysctl.d/99-kubernetes.conf';
export const hostsFile = '/etc/hosts';
export const applyAddonsScript = '/usr/local/sbin/hardway-apply-addons';
export const labelNodesScript = '/usr/local/sbin/hardway-label-nodes';
/** Labels that control planes give to nodes, one to a line. */
export const nodeLabels = `${kubernetesDir}/node-labels`;
export const etcdBackupScript = '/usr/local/sbin/hardway-etcd-backup';
export const etcdRestoreScript = '/usr/local/sbin/hardway-etcd-restore';
/** A link that the kubelet's unit sets at each start, see kubelet.service. */
export const kubeletResolvConf = '/run/kubelet-resolv.conf';
/** Variables that the kubelet's unit sets at each start, see kubelet.service. */
export const kubeletEnvironment = '/run/kubelet-environment';
export const haproxyConfig = '/etc/haproxy/haproxy.cfg';
export const haproxyAuthority = '/etc/haproxy/kubernetes-ca.crt';
export const keepalivedConfig = '/etc/keepalived/keepalived.conf';
/** Beside the configuration: the user of the check may not enter the control plane's folder of keys. */
export const keepalivedAuthority = '/etc/keepalived/kubernetes-ca.crt';
export const checkEndpointScript = '/usr/local/sbin/hardway-check-endpoint';
export const findInterfaceScript = '/usr/local/sbin/hardway-find-interface';
/** One line of keepalived.conf, made by the script above each time keepalived starts. */
export const keepalivedRuntimeDir = '/run/hardway-keepalived';
/** Of the balancer that a worker runs for itself; a distribution's haproxy.cfg stays as it is. */
export const apiBalancerConfig = `${kubernetesDir}/api-balancer.cfg`;
export const etcdHome = '/var/lib/etcd';
/** Where install.sh keeps its notes, and unpacks binaries. */
export const installerState = '/var/lib/hardway';
/** Remembers which bootstrap token this host created, see hardway-apply-addons. */
export const bootstrapTokenStamp = `${installerState}/bootstrap-token`;
/** There while all addons are applied; and gone at each boot: whether they were looked at since. */
export const addonsAppliedStamp = `${installerState}/addons-applied`;
export const addonsLookedAtStamp = '/run/hardway-addons-looked-at';
/** Remembers which labels this host has given to nodes, see hardway-label-nodes. */
export const nodeLabelsStamp = `${installerState}/node-labels`;
