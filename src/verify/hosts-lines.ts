/** The lines of a host's /etc/hosts that a bundle brings. */
import { hostsFile } from '../catalog/paths.ts';
import type { HostView } from './view.ts';

export interface HostsLine {
  readonly address: string;
  readonly names: readonly string[];
  readonly line: number;
}

/** Addresses with their names; none where hardway does not write the file. */
export function hostsLines(host: HostView): readonly HostsLine[] {
  const file = host.file(hostsFile);
  return file === undefined ? [] : linesIn(file.content);
}

/** Not remembered: nearly every host has lines of its own, and two checks ask once each. */
function linesIn(content: Buffer): readonly HostsLine[] {
  return content
    .toString()
    .split('\n')
    .flatMap((text, index) => {
      const [address = '', ...names] = text.replace(/#.*/, '').trim().split(/\s+/);
      return address === '' ? [] : [{ address, names, line: index + 1 }];
    });
}
