/** The kubelet and its container runtime agree: cgroup driver and socket. */
import { textAt } from '../read-yaml.ts';
import type { ClusterView, Found, HostView } from '../view.ts';

const containerdConfig = '/etc/containerd/config.toml';
const dockerConfig = '/etc/docker/daemon.json';

interface Driver {
  readonly value: string;
  readonly file: string;
  readonly line: number;
}

/** The runtime's cgroup driver, where the bundle has its configuration. */
function runtimeDriver(host: HostView): Driver | undefined {
  return (
    driverIn(host, containerdConfig, /SystemdCgroup\s*=\s*(true|false)/, (word) =>
      word === 'true' ? 'systemd' : 'cgroupfs',
    ) ?? driverIn(host, dockerConfig, /native\.cgroupdriver=(\w+)/, (word) => word)
  );
}

function driverIn(
  host: HostView,
  file: string,
  pattern: RegExp,
  meaning: (word: string) => string,
): Driver | undefined {
  const lines = (host.text(file) ?? '').split('\n');
  const index = lines.findIndex((line) => pattern.test(line));
  const [, word] = pattern.exec(lines[index] ?? '') ?? [];
  return word === undefined ? undefined : { value: meaning(word), file, line: index + 1 };
}

/** Whether a host tells both of its drivers: without that there is nothing to compare. */
export function tellsCgroupDrivers(host: HostView): boolean {
  const kubelet = host
    .ofKind('KubeletConfiguration')
    .some(({ document }) => textAt(document.value, 'cgroupDriver') !== undefined);
  return kubelet && runtimeDriver(host) !== undefined;
}

/** With different drivers the kubelet and the runtime fight over the same processes, or no pod starts. */
export function* cgroupDriversAgree({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    const runtime = runtimeDriver(host);
    for (const { path, document } of host.ofKind('KubeletConfiguration')) {
      const driver = textAt(document.value, 'cgroupDriver');
      if (runtime === undefined || driver === undefined || driver === runtime.value) continue;
      const message = `the kubelet uses the cgroup driver ${driver}, but ${runtime.file}, line ${runtime.line}, says ${runtime.value}`;
      yield {
        host: host.name,
        file: path,
        line: document.lineOf(['cgroupDriver']),
        message,
        fix: `use ${runtime.value} in both, see runtime.cgroupDriver`,
      };
    }
  }
}

/** A kubelet is told where its runtime listens once: by a flag or by a field, and alike where by both. */
export function* runtimeSocketsAgree({ hosts }: ClusterView): Iterable<Found> {
  for (const host of hosts) {
    const flag = host.command('kubelet')?.flag('container-runtime-endpoint');
    for (const { path, document } of host.ofKind('KubeletConfiguration')) {
      const field = textAt(document.value, 'containerRuntimeEndpoint');
      if (flag === undefined || field === undefined || flag.value === field) continue;
      const message = `containerRuntimeEndpoint is ${field}, but --container-runtime-endpoint says ${flag.value}`;
      const line = document.lineOf(['containerRuntimeEndpoint']);
      yield { host: host.name, file: path, line, message, fix: 'keep one of the two' };
    }
  }
}
