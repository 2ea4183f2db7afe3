/**
 * The report as one HTML file: all that does not grow with the hosts is markup and can be read without
 * scripts; the files of hosts and their certificates are data that the page's own script shows. Nothing
 * is loaded from elsewhere, and a policy in the page forbids it.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Party } from '../catalog/connections.ts';
import { fillMarkup } from '../lib/markup.ts';
import { readPackageFile } from '../lib/package-root.ts';
import type { Report } from './report.ts';
import { dayOf, timelineOf } from './timeline.ts';

/** Parts of the page's script, in the order in which they run. */
const scripts = [
  'data',
  'dom',
  'files',
  'host',
  'hosts',
  'tree',
  'filters',
  'search',
  'route',
  'start',
] as const;

/** Runs before anything is laid out: only the first section is, until the page's script has chosen one. */
const early = "document.documentElement.classList.add('scripted');";

/**
 * The page of a report in pieces, which follow one another: that of thousands of hosts is tens of
 * megabytes, nearly all of it data.
 */
export function* reportHtml(report: Report, templatesDir: string): Generator<string> {
  const read = (name: string) => readPackageFile(join(templatesDir, '_report', name)).toString();
  const page = fillMarkup(templatesDir, 'page.html.hbs', pageValues(report, read));
  const [before = '', after, ...more] = page.split(placeOfData);
  if (after === undefined || more.length > 0) throw new Error('the page has one place for its data');
  yield before;
  yield* inertJson(report);
  yield after;
}

/** Stands in the page for the data: no name, path or text of an inventory has a control character. */
const placeOfData = '\u0000data\u0000';

/** Everything that the templates read; `read` gives a file beside them. */
function pageValues(report: Report, read: (name: string) => string) {
  const style = read('page.css');
  const parts = scripts.map((name) => read(`page/${name}.js`));
  const script = `'use strict';(() => {\n${parts.join('\n')}\n})();\n`;
  return {
    ...valuesOf(report),
    style,
    early,
    script,
    policy: `default-src 'none'; img-src data:; style-src '${sourceHash(style)}'; script-src '${sourceHash(early)}' '${sourceHash(script)}'; base-uri 'none'; form-action 'none'`,
    data: placeOfData,
  };
}

/** As Content Security Policy names a text. */
function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** The data as JSON that no HTML parser finds an end or a comment in; the hosts come in pieces. */
function* inertJson(report: Report): Generator<string> {
  const { hosts, ...others } = dataOf(report);
  const inert = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
  yield `${inert(others).slice(0, -1)},"hosts":[`;
  for (let start = 0; start < hosts.length; start += hostsInPiece)
    yield `${start === 0 ? '' : ','}${inert(hosts.slice(start, start + hostsInPiece)).slice(1, -1)}`;
  yield ']}';
}

const hostsInPiece = 100;

/** What the page's script shows on demand, see page/data.js. */
export function dataOf(report: Report) {
  const { hosts, texts, authorities, renewBeforeDays } = report;
  return {
    renewBeforeDays,
    texts: texts.texts,
    kinds: texts.kinds.map(({ files }, kind) => ({
      files: files.map(({ path, access, services, text, differing }) => [
        path,
        access,
        services,
        text,
        differing,
      ]),
      units: hosts[texts.hosts.findIndex((host) => host.kind === kind)]?.units ?? [],
      hosts: texts.hosts.filter((host) => host.kind === kind).length,
    })),
    hosts: hosts.map(({ units: _units, ...host }, index) => ({ ...host, ...texts.hosts[index] })),
    authorities: authorities.map(({ name, text, key, certificate, groups }) => ({
      name,
      text,
      key,
      to: certificate.to,
      groups: groups.map((group) => ({
        ...group,
        certificates: group.certificates.map(({ host, from, to, text }) =>
          text === undefined ? [host, from, to] : [host, from, to, text],
        ),
      })),
    })),
  };
}

export type ReportData = ReturnType<typeof dataOf>;

const partyNames: Readonly<Record<Party, string>> = {
  etcd: 'etcd',
  'control-plane': 'control planes',
  worker: 'workers',
  'load-balancer': 'load balancers',
  operator: 'operator',
  endpoint: 'endpoint',
  'external-etcd': 'etcd of others',
  extensions: 'extension API servers',
  clients: 'clients outside',
  registries: 'registries',
};

const statusWords = {
  pass: 'pass',
  fail: 'fail',
  waived: 'waived',
  notApplicable: 'not applicable',
} as const;

/** What the templates read. */
function valuesOf(report: Report) {
  const { name, release, kubernetes, facts, picture, audit, verify, settings, keys, families, groups } =
    report;
  const { authorities, renewBeforeDays } = report;
  const leaves = authorities.flatMap((authority) =>
    authority.groups.map((group) => ({
      label: group.name,
      authority: authority.name,
      href: `#pki/${authority.name}/${group.name}`,
      certificates: group.certificates,
    })),
  );
  const roots = authorities.map((authority) => ({
    label: authority.name,
    authority: authority.name,
    href: `#pki/${authority.name}`,
    certificates: [authority.certificate],
  }));
  const all = leaves.flatMap(({ certificates }) => certificates);
  const next = all.reduce((soonest, { to }) => Math.min(soonest, to), Infinity);
  const host = report.hosts[0]?.name ?? '';
  return {
    name,
    release,
    kubernetes,
    facts,
    roles: report.roles.map(({ name, count }) => ({ name, count, title: partyNames[name] })),
    hostCount: report.hosts.length,
    firstHost: host,
    certificateCount: all.length,
    nextExpiry: Number.isFinite(next) ? { day: dayOf(next), seconds: next } : undefined,
    verify: {
      checks: verify.checks,
      count: verify.findings.length,
      findings: verify.findings.map(({ check, severity, host, file, line, message, fix }) => ({
        check,
        severity,
        place: `${host}${file === undefined ? '' : ` ${file}${line === undefined ? '' : `:${line}`}`}`,
        href: hostHref(`${host}${file ?? ''}${file === undefined || line === undefined ? '' : `:${line}`}`),
        message,
        fix,
      })),
    },
    picture,
    connections: report.connections.map((connection) => ({
      ...connection,
      from: partyNames[connection.from],
      to: partyNames[connection.to],
      clientCertificates: connection.clientCertificates.map((one) => namedCertificate(one)),
      serverCertificates:
        connection.serverCertificate === undefined ? [] : [namedCertificate(connection.serverCertificate)],
      isLocal: connection.reach === 'host',
    })),
    hosts: report.hosts.map(({ name, addresses, roles, arch, labels, taints }) => ({
      name,
      addresses: addresses.join(', '),
      roles: roles.join(', '),
      arch,
      marks: [...labels, ...taints].join(', '),
    })),
    authorities: authorities.map((authority) => ({
      name: authority.name,
      until: dayOf(authority.certificate.to),
      seconds: authority.certificate.to,
      key: authority.key,
      groups: authority.groups.map((group) => ({
        name: group.name,
        id: `${authority.name}/${group.name}`,
        count: group.certificates.length,
        subject: group.commonName.replace('{node}', 'NODE'),
        organization: group.organization,
        why: group.why,
      })),
    })),
    timelines: [
      timelineOf('Certificates of hosts and people', leaves, renewBeforeDays),
      timelineOf('Authorities', roots, renewBeforeDays),
    ].filter((one) => one !== undefined),
    renewBeforeDays,
    keys,
    settings: settings.map((table) => ({
      ...table,
      id: table.name,
      count: table.settings.length,
      settings: table.settings.map((setting) => ({
        ...setting,
        values: setting.values.map((value) => ({ ...value, href: hostHref(value.place) })),
        isDefault: setting.source === 'hardway',
      })),
    })),
    audit: {
      ...audit,
      count: audit.checks.length,
      checks: audit.checks.map((check) => ({
        ...check,
        word: statusWords[check.status],
        isBenchmark: check.number !== '',
        outcomes: check.outcomes.map((outcome) => ({
          ...outcome,
          word: statusWords[outcome.status],
          href: outcome.place === '' ? '' : hostHref(outcome.place),
        })),
      })),
    },
    families: families.map((family) => ({ ipv4: 'IPv4', ipv6: 'IPv6' })[family]).join(', '),
    groups: groups
      .filter(({ addresses }) => addresses.length > 0)
      .map(({ name, addresses }) => ({
        name: partyNames[name],
        count: addresses.length,
        addresses: addresses.join(' '),
      })),
    ports: report.ports.map((row) => ({
      ...row,
      from: partyNames[row.from],
      to: partyNames[row.to],
      reachText: row.reach === 'host' ? 'same host' : 'network',
      isLocal: row.reach === 'host',
      servers: [...new Set(row.uses.map(({ server }) => server))].join('; '),
      whys: row.uses.map(({ client, why }) => `${client}: ${why}`).join('; '),
    })),
    matrix: matrixOf(report),
  };
}

function namedCertificate({
  name,
  commonName,
  authority,
}: {
  name: string;
  commonName: string;
  authority: string;
}) {
  return { text: commonName.replace('{node}', 'NODE'), authority, href: `#pki/${authority}/${name}` };
}

function hostHref(place: string): string {
  return `#host/${encodeURI(place)}`;
}

/** Groups against groups: the ports that lead from one to the other over the network. */
function matrixOf({ ports }: Report) {
  const rows = ports.filter(({ reach }) => reach === 'network');
  const columns = [...new Set(rows.map(({ to }) => to))];
  const heads = [...new Set(rows.map(({ from }) => from))];
  return {
    columns: columns.map((column) => partyNames[column]),
    rows: heads.map((from) => ({
      name: partyNames[from],
      cells: columns.map((to) => ({
        ports: rows
          .filter((row) => row.from === from && row.to === to)
          .map(({ port, protocol }) => ({ port: port === 'any' ? '' : port, protocol })),
      })),
    })),
  };
}
