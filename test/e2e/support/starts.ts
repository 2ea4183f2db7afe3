/** What of a cluster's start was the daemons' own time, which no installer can shorten. */
import { hostState } from './host-state.ts';
import { hasCondition, type KubeObject, listObjects, type Operator } from './kubectl.ts';
import { nowSeconds, type Timer } from './timings.ts';

/** Notes when the daemons were started and ready, by the account of systemd and of the API server. */
export async function noteStarts(operator: Operator, timer: Timer): Promise<void> {
  const { lab } = operator;
  const requests = await listObjects(operator, 'certificatesigningrequests');
  const nodes = await listObjects(operator, 'nodes');
  for (const { name } of lab.hosts) {
    const { units } = await hostState(lab, name);
    for (const unit of ['etcd.service', 'kube-apiserver.service']) {
      const times = units[unit];
      if (times !== undefined) timer.note(`${name}: ${unit} starts`, times.startedAt, times.activeAt);
    }
    const kubelet = units['kubelet.service'];
    const node = nodes.find(({ metadata }) => metadata.name === name);
    if (kubelet === undefined || node === undefined) continue;
    for (const request of requests.filter((one) => isFor(one, name) && hasCondition(one, 'Approved')))
      timer.note(
        `${name}: certificate is asked for, granted`,
        created(request),
        changed(request, 'Approved'),
      );
    timer.note(`${name}: kubelet starts, registers`, kubelet.activeAt, created(node));
    timer.note(`${name}: node registers, is Ready`, created(node), changed(node, 'Ready'));
  }
}

/** Whether a kubelet's request is for the node with this name, which stands in it as plain text. */
function isFor({ spec }: KubeObject, node: string): boolean {
  const pem = Buffer.from(String(spec.request), 'base64').toString();
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  return der.includes(`system:node:${node}`);
}

function created({ metadata }: KubeObject): number {
  return monotonic(metadata.creationTimestamp);
}

function changed({ status }: KubeObject, type: string): number {
  return monotonic(status.conditions?.find((one) => one.type === type)?.lastTransitionTime ?? '');
}

/** A time of the API server, which counts whole seconds, in the clock of nowSeconds(). */
function monotonic(timestamp: string): number {
  return Date.parse(timestamp) / 1000 - Date.now() / 1000 + nowSeconds();
}
