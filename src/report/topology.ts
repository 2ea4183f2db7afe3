/** The picture of a cluster: groups of hosts as boxes, connections as arrows, in coordinates of an SVG drawing. */

import { type Cluster, type Host, hostsWithRole } from '../model/cluster.ts';
import { endpointUrl, etcdClientUrls } from '../plan/endpoints.ts';
import type { Connection, NamedCertificate } from './connections.ts';
import { tenths } from './drawing.ts';

export interface Chip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly text: string;
  /** The whole name. */
  readonly title: string;
  readonly href: string;
}

export interface Box {
  readonly kind: 'role' | 'outside';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly lines: readonly { readonly y: number; readonly text: string }[];
  readonly chips: readonly Chip[];
}

/** A line of an arrow's label; `authority` says whose certificate it names. */
export interface LabelLine {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'middle';
  readonly text: string;
  readonly authority: string;
  readonly isPort: boolean;
}

export interface Arrow {
  readonly name: string;
  /** Of an SVG path. */
  readonly path: string;
  readonly title: string;
  readonly isLocal: boolean;
  readonly lines: readonly LabelLine[];
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

const column = { left: 0, middle: 430, right: 960 } as const;
const width = { left: 230, middle: 310, right: 240, all: 1200, workers: 740 } as const;
const lineHeight = 15;
const chipHeight = 24;
const chipGap = 6;
const headHeight = 46;

/** Lays the picture out: operator and endpoint on the left, control planes, etcd on the right, workers below. */
export function pictureOf(cluster: Cluster, connections: readonly Connection[]): Picture {
  const boxes = layout(cluster);
  const arrows = Object.entries(slots).flatMap(([name, slot]) => {
    const own = connections.filter((connection) => connection.name === name);
    const [first] = own;
    if (first === undefined) return [];
    return [arrowOf(first, own.map(({ port }) => port).join(', '), slot(boxes))];
  });
  const { clients } = boxes;
  return {
    width: width.all + 4,
    height: clients.y + clients.height + 4,
    boxes: Object.values(boxes),
    arrows,
  };
}

type BoxName = 'operator' | 'endpoint' | 'control' | 'etcd' | 'workers' | 'extensions' | 'clients';
type Boxes = Readonly<Record<BoxName, Box>>;

function layout(cluster: Cluster): Boxes {
  const top = 150;
  const isBalanced = cluster.endpoint.mode === 'haproxy';
  const endpoint = isBalanced
    ? roleBox(cluster, 'load-balancer', { x: column.left, y: top, width: width.left, columns: 1, most: 6 })
    : outsideBox(column.left, top, width.left, 'Endpoint', endpointLines(cluster));
  const control = roleBox(cluster, 'control-plane', {
    x: column.middle,
    y: top,
    width: width.middle,
    columns: 2,
    most: 12,
    least: 2,
  });
  const etcd =
    cluster.etcd.external === undefined
      ? roleBox(cluster, 'etcd', { x: column.right, y: top, width: width.right, columns: 1, most: 7 })
      : outsideBox(column.right, top, width.right, 'etcd of others', etcdClientUrls(cluster));
  const second = top + Math.max(endpoint.height, control.height, etcd.height) + 130;
  const workers = roleBox(cluster, 'worker', { x: 0, y: second, width: width.workers, columns: 5, most: 20 });
  const third = second + workers.height + 74;
  return {
    operator: outsideBox(column.left, 0, width.left, 'Operator', ['kubectl, ssh']),
    endpoint,
    control,
    etcd,
    workers,
    extensions: outsideBox(column.right, second, width.right, 'Extension API servers', [
      'pods, behind the aggregation layer',
    ]),
    clients: outsideBox(column.left, third, width.left, 'Clients of services', ['from outside']),
  };
}

function endpointLines(cluster: Cluster): string[] {
  const { mode, floating } = cluster.endpoint;
  const notes = {
    hosts: 'a name in /etc/hosts',
    external: 'a load balancer that others keep',
    keepalived: `floats between control planes: ${floating?.vip.text ?? ''}`,
    haproxy: '',
    'node-local': 'for the operator; workers balance',
  };
  return [endpointText(cluster), notes[mode]];
}

function endpointText(cluster: Cluster): string {
  return endpointUrl(cluster).replace('https://', '');
}

const roleTitles = {
  etcd: { title: 'etcd', daemons: 'etcd' },
  'control-plane': { title: 'Control planes', daemons: 'API server, controller manager, scheduler' },
  worker: { title: 'Workers', daemons: 'kubelet, kube-proxy, container runtime' },
  'load-balancer': { title: 'Load balancers', daemons: 'haproxy, keepalived' },
} as const;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly columns: number;
  /** Most chips; where there are more hosts, a chip says how many. */
  readonly most: number;
  /** Rows of chips that there is room for, however few hosts there are. */
  readonly least?: number;
}

function roleBox(cluster: Cluster, role: keyof typeof roleTitles, place: Place): Box {
  const { x, y, width, columns, most } = place;
  const hosts = hostsWithRole(cluster, role);
  const isCut = hosts.length > most;
  const shown = isCut ? hosts.slice(0, Math.min(most, columns * 2) - 1) : hosts;
  const { title, daemons } = roleTitles[role];
  const chipWidth = (width - 24 - (columns - 1) * chipGap) / columns;
  const chipAt = (index: number) => ({
    x: tenths(x + 12 + (index % columns) * (chipWidth + chipGap)),
    y: y + headHeight + 10 + Math.floor(index / columns) * (chipHeight + chipGap),
    width: tenths(chipWidth),
  });
  const chips = shown.map((host, index): Chip => ({ ...chipAt(index), ...chipText(host, chipWidth) }));
  const rest = hosts.length - shown.length;
  const more = isCut
    ? [
        {
          ...chipAt(shown.length),
          text: `and ${rest} more`,
          title: `all ${hosts.length} hosts`,
          href: `#hosts/${role}`,
        },
      ]
    : [];
  const rows = Math.ceil((chips.length + more.length) / columns);
  const text = role === 'load-balancer' ? endpointText(cluster) : daemons;
  return {
    kind: 'role',
    x,
    y,
    width,
    height: headHeight + 16 + Math.max(place.least ?? 1, rows) * (chipHeight + chipGap),
    title: `${title}, ${hosts.length}`,
    lines: [{ y: y + 38, text: shortened(text, width - 24, 6.2) }],
    chips: [...chips, ...more],
  };
}

function chipText({ name, addresses }: Host, width: number): Pick<Chip, 'text' | 'title' | 'href'> {
  const title = `${name}, ${addresses.map(({ text }) => text).join(', ')}`;
  return { text: shortened(name, width - 16, 7), title, href: `#host/${name}` };
}

function outsideBox(x: number, y: number, boxWidth: number, title: string, texts: readonly string[]): Box {
  const lines = texts
    .filter((text) => text !== '')
    .map((text, index) => ({ y: y + 38 + index * lineHeight, text: shortened(text, boxWidth - 24, 6.2) }));
  const height = 36 + Math.max(1, lines.length) * lineHeight;
  return { kind: 'outside', x, y, width: boxWidth, height, title, lines, chips: [] };
}

/** A text that fits, at about this many pixels for a letter. */
function shortened(text: string, room: number, letter: number): string {
  const most = Math.floor(room / letter);
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

interface Slot {
  readonly path: string;
  readonly x: number;
  readonly y: number;
  readonly anchor?: 'start' | 'middle';
  /** How the label stands to its point: `above` ends there, `around` has the port above it, `below` begins there. */
  readonly stands?: 'above' | 'around' | 'below';
  /** Room for a line, in pixels. */
  readonly room: number;
}

const bottom = ({ y, height }: Box) => y + height;

/** Where each connection that is drawn has its arrow. */
const slots: Readonly<Record<string, (boxes: Boxes) => Slot>> = {
  operator: ({ operator, endpoint }) => down(60, bottom(operator), endpoint.y, 180),
  'endpoint-itself': toControl,
  'balancer-of-others': toControl,
  balancer: toControl,
  'apiserver-etcd': toEtcd,
  'apiserver-own-etcd': toEtcd,
  'apiserver-external-etcd': toEtcd,
  'etcd-peers': ({ etcd }) => loopAbove(etcd.x + 40, etcd.y, 230),
  'local-apiserver': ({ control }) => loopAbove(control.x + 30, control.y, 260),
  'vrrp-control-planes': ({ control }) => loopAbove(control.x + 230, control.y, 120),
  'vrrp-balancers': ({ endpoint }) => loopBelow(endpoint.x + 150, bottom(endpoint), 120),
  'node-endpoint': ({ workers, endpoint }) => up(24, bottom(endpoint), workers.y, 330),
  'balancer-of-node': ({ workers, control }) => up(column.middle + 20, bottom(control), workers.y, 165),
  'pods-apiserver': ({ workers, control }) => up(column.middle + 20, bottom(control), workers.y, 165),
  'apiserver-kubelet': ({ control, workers }) => down(column.middle + 190, bottom(control), workers.y, 200),
  aggregation: ({ control, extensions }) => ({
    path: `M${column.middle + width.middle} ${bottom(control) - 16} H${column.right - 60} V${extensions.y + 26} H${column.right - 2}`,
    x: column.right - 48,
    y: extensions.y - 46,
    anchor: 'start',
    stands: 'below',
    room: 240,
  }),
  overlay: ({ workers }) => loopBelow(workers.x + 560, bottom(workers), 160),
  'pod-routes': ({ workers }) => loopBelow(workers.x + 560, bottom(workers), 160),
  'node-balancer': ({ workers }) => loopBelow(workers.x + 320, bottom(workers), 150),
  'node-ports': ({ clients, workers }) => up(60, bottom(workers), clients.y, 160),
};

function toControl({ endpoint, control }: Boxes): Slot {
  return across(endpoint.x + endpoint.width, control.x, endpoint.y + 44, 190);
}

function toEtcd({ control, etcd }: Boxes): Slot {
  return across(control.x + control.width, etcd.x, control.y + 44, 210);
}

function across(from: number, to: number, y: number, room: number): Slot {
  return {
    path: `M${from} ${y} H${to - 2}`,
    x: (from + to) / 2,
    y,
    anchor: 'middle',
    stands: 'around',
    room,
  };
}

function down(x: number, from: number, to: number, room: number): Slot {
  return { path: `M${x} ${from} V${to - 2}`, x: x + 10, y: from + 20, stands: 'below', room };
}

function up(x: number, top: number, from: number, room: number): Slot {
  return {
    path: `M${x} ${from} V${top + 2}`,
    x: x + 10,
    y: Math.max(top + 20, from - 92),
    stands: 'below',
    room,
  };
}

function loopAbove(x: number, y: number, room: number): Slot {
  return { path: `M${x} ${y} v-26 h40 v24`, x: x - 10, y: y - 36, stands: 'above', room };
}

function loopBelow(x: number, y: number, room: number): Slot {
  return { path: `M${x} ${y} v26 h40 v-24`, x: x + 50, y: y + 18, stands: 'below', room };
}

function arrowOf(connection: Connection, ports: string, slot: Slot): Arrow {
  const { name, protocol, clientCertificates, serverCertificate, proof, reach, why, client, server } =
    connection;
  const texts: { text: string; authority: string }[] = [
    ...certificateLines('client', clientCertificates),
    ...certificateLines('server', serverCertificate === undefined ? [] : [serverCertificate]),
  ];
  if (proof !== '') texts.push({ text: proof, authority: '' });
  const port = ports === 'any' ? protocol : `${ports}/${protocol}`;
  const lines = [
    { text: `${port}${reach === 'host' ? ', on the host itself' : ''}`, authority: '' },
    ...texts,
  ];
  const { x, y, anchor = 'start', stands = 'below', room } = slot;
  const firstY = { above: y - (lines.length - 1) * lineHeight, around: y - 8, below: y }[stands];
  return {
    name,
    path: slot.path,
    title: `${client} to ${server}, ${port}: ${why}${proof === '' ? '' : ` (${proof})`}`,
    isLocal: reach === 'host',
    lines: lines.map(({ text, authority }, index) => ({
      x: tenths(x),
      // Around a horizontal arrow, all but the port stand below it.
      y: firstY + index * lineHeight + (stands === 'around' && index > 0 ? 10 : 0),
      anchor,
      text: shortened(text, room, 5.5),
      authority,
      isPort: index === 0,
    })),
  };
}

function certificateLines(side: string, held: readonly NamedCertificate[]) {
  return held.map(({ commonName, authority }) => ({
    text: `${side} ${commonName.replace('{node}', 'NODE')}`,
    authority,
  }));
}
