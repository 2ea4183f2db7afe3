/** What happens to a cluster by a difference, under the names that the tables of catalog/rollout.ts have for it. */
import { firstRollout, type RiskRow, risks, type StageRow, stages } from '../catalog/rollout.ts';
import { namesShort } from '../upgrade/names.ts';
import type { Difference, HostChange, Risk, RolloutStep } from './difference.ts';

/** Members of etcd before and after. */
export interface Members {
  readonly before: number;
  readonly after: number;
}

/** A difference whose risks are yet to be told. */
export type Bare = Omit<Difference, 'risks' | 'rollout'>;

/** Events, each with the hosts that it happens on. */
export function eventsOf({ hosts, pki, kubernetes, isFirst }: Bare): Map<string, string[]> {
  const events = new Map<string, string[]>();
  const add = (event: string, host: string) => {
    const known = events.get(event) ?? [];
    if (!known.includes(host)) events.set(event, [...known, host]);
  };
  if (isFirst) return events;
  for (const host of hosts) {
    for (const event of eventsOfHost(host)) add(event, host.host);
    if (kubernetes.old !== kubernetes.new && host.state === 'changed') add('version', host.host);
  }
  for (const { action } of pki) add(`pki ${action}`, '');
  return events;
}

function eventsOfHost({ state, roles, rolesBefore, files, units }: HostChange): string[] {
  if (state === 'removed') return roles.map((role) => `removed ${role}`);
  const comes = roles.filter((role) => !rolesBefore.includes(role)).map((role) => `added ${role}`);
  if (state === 'added') return comes;
  return [
    ...comes,
    ...rolesBefore.filter((role) => !roles.includes(role)).map((role) => `removed ${role}`),
    ...files.map(({ state: kind, path }) => `${kind} ${path}`),
    ...files.flatMap(({ settings }) => settings.map(({ kind, name }) => `${kind} ${name}`)),
    ...units.map(({ unit, action }) => `${action} ${unit}`),
  ];
}

/** The rows of the table for what happens, worst first. */
export function risksOf(difference: Bare, members: Members): Risk[] {
  const events = eventsOf(difference);
  const levels: readonly RiskRow['level'][] = ['danger', 'care', 'note'];
  const found = risks.flatMap(({ event, level, text }) => {
    const hosts = events.get(event)?.filter((host) => host !== '');
    return hosts === undefined ? [] : [{ event, level, hosts, text: filled(text, hosts, members) }];
  });
  return levels.flatMap((level) => found.filter((risk) => risk.level === level));
}

function filled(text: string, hosts: readonly string[], { before, after }: Members): string {
  const values: Readonly<Record<string, string>> = {
    hosts: namesShort(hosts),
    members: String(after),
    quorum: String(quorumOf(after)),
    membersBefore: String(before),
    quorumBefore: String(quorumOf(before)),
  };
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function quorumOf(members: number): number {
  return Math.floor(members / 2) + 1;
}

/** In which order the hosts that differ are installed. */
export function rolloutOf({ hosts, isFirst }: Pick<Difference, 'hosts' | 'isFirst'>): RolloutStep[] {
  if (isFirst) {
    const names = hosts.map(({ host }) => host);
    return [{ ...firstRollout, hosts: names, atOnce: names.length }];
  }
  const taken = new Set<HostChange>();
  return stages.flatMap((row) => {
    const members = hosts.filter((host) => !taken.has(host) && belongsTo(host, row));
    for (const host of members) taken.add(host);
    if (members.length === 0) return [];
    const { stage, text } = row;
    return [{ stage, hosts: members.map(({ host }) => host), atOnce: atOnceOf(row, members.length), text }];
  });
}

function belongsTo({ state, roles, units }: HostChange, { of }: StageRow): boolean {
  if (of === 'leaving') return state === 'removed';
  if (of === 'quiet') return state === 'changed' && units.length === 0;
  return state !== 'removed' && roles.includes(of);
}

function atOnceOf({ atOnce }: StageRow, hosts: number): number {
  return typeof atOnce === 'number' ? atOnce : Math.max(1, Math.floor(hosts * atOnce.part));
}
