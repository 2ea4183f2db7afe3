/** What an output folder holds of earlier renders. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The Kubernetes version of the bundles that an output folder holds for a cluster; undefined
 * where it holds none. What cannot be read says nothing.
 */
export function renderedVersion(out: string, cluster: string): string | undefined {
  const review = join(out, 'review');
  for (const host of listed(review)) {
    const manifest = textOf(join(review, host, 'manifest'));
    const [, name] = /^cluster (\S+)$/m.exec(manifest) ?? [];
    const [, version] = /^kubernetes (\d+\.\d+\.\d+)$/m.exec(manifest) ?? [];
    if (name === cluster && version !== undefined) return version;
  }
  return undefined;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
