/**
 * What the page was made with: src/report/html.ts, dataOf.
 *
 * @typedef {readonly [path: string, access: string, services: readonly string[], text: number, differing: number]} KindFile
 * @typedef {{ readonly files: readonly KindFile[], readonly units: readonly string[], readonly hosts: number }} Kind
 * @typedef {string | readonly (number | string)[]} Edits
 * @typedef {{ readonly name: string, readonly fqdn: string, readonly addresses: readonly string[],
 *   readonly roles: readonly string[], readonly arch: string, readonly labels: readonly string[],
 *   readonly taints: readonly string[], readonly sha256: string, readonly kind: number,
 *   readonly own: Readonly<Record<number, Edits>> }} HostData
 * @typedef {readonly [host: number, from: number, to: number, text?: string]} CertificateData
 * @typedef {{ readonly name: string, readonly commonName: string, readonly organization: string,
 *   readonly usages: readonly string[], readonly role: string, readonly path: string, readonly keyPath: string,
 *   readonly why: string, readonly certificates: readonly CertificateData[] }} GroupData
 * @typedef {{ readonly name: string, readonly text: string, readonly key: string, readonly to: number,
 *   readonly groups: readonly GroupData[] }} AuthorityData
 * @typedef {{ readonly renewBeforeDays: number, readonly texts: readonly string[], readonly kinds: readonly Kind[],
 *   readonly hosts: readonly HostData[], readonly authorities: readonly AuthorityData[] }} ReportData
 */

/** @type {ReportData} */
const data = JSON.parse(byId('data').textContent ?? '');

/** @type {Map<string, HostData>} */
const hostsByName = new Map(data.hosts.map((host) => [host.name, host]));

/**
 * The files of a host.
 * @param {HostData} host
 * @returns {readonly KindFile[]}
 */
function filesOf(host) {
  return data.kinds[host.kind]?.files ?? [];
}

/**
 * The text of a host's file, and which of its lines differ from those of the first host of its kind.
 * @param {HostData} host
 * @param {number} index
 * @returns {{ readonly lines: readonly string[], readonly own: ReadonlySet<number> }}
 */
function textOf(host, index) {
  const file = filesOf(host)[index];
  const base = (data.texts[file?.[3] ?? -1] ?? '').split('\n');
  const edits = host.own[index];
  if (edits === undefined) return { lines: base, own: new Set() };
  if (typeof edits === 'string') return { lines: edits.split('\n'), own: new Set() };
  const lines = [...base];
  /** @type {Set<number>} */
  const own = new Set();
  for (let place = 0; place < edits.length; place += 2) {
    const line = Number(edits[place]);
    lines[line] = String(edits[place + 1]);
    own.add(line);
  }
  return { lines, own };
}

/**
 * Fields of a certificate's text form, by their labels.
 * @param {string} text
 * @returns {[string, string][]}
 */
function fieldsOf(text) {
  const [first = ''] = text.split('\n\n');
  return first
    .split('\n')
    .filter((line) => line.includes(': '))
    .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]);
}

/**
 * The text form of a certificate of a group.
 * @param {GroupData} group
 * @param {CertificateData} certificate
 */
function certificateText(group, certificate) {
  const [index, , , text] = certificate;
  const host = data.hosts[index];
  if (text !== undefined || host === undefined) return text ?? '';
  const place = filesOf(host).findIndex(([path]) => path === `${group.path}.txt`);
  return place < 0 ? '' : textOf(host, place).lines.join('\n');
}

/**
 * `2027-11-21`, in UTC.
 * @param {number} seconds
 */
function dayOf(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/**
 * `in 12 days`, `12 days ago`.
 * @param {number} seconds
 */
function untilText(seconds) {
  const days = Math.floor((seconds * 1000 - Date.now()) / 86_400_000);
  return days < 0 ? `expired ${-days} days ago` : `in ${days} days`;
}
