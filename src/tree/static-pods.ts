/** Daemons that the kubelet starts as static pods. */
import { posix } from 'node:path';
import { daemonNames } from '../catalog/daemons.ts';
import type { Setting, Word } from '../verify/read-unit.ts';
import { createYamlReader, itemsAt, textAt } from '../verify/read-yaml.ts';
import type { Start } from './start.ts';
import type { Tree } from './tree.ts';

const defaultPodFolder = '/etc/kubernetes/manifests';

function podFolder(tree: Tree, kubelet: Start | undefined): string {
  const flag = (name: string) =>
    kubelet?.words.find(({ text }) => text.startsWith(`--${name}=`))?.text.slice(name.length + 3);
  const config = tree.file(flag('config') ?? '')?.content.toString();
  const field = /^staticPodPath:\s*["']?([^"'\s#]+)/m.exec(config ?? '')?.[1];
  return flag('pod-manifest-path') ?? field ?? defaultPodFolder;
}

/** The starts of the daemons in the pods of a kubelet. */
export function staticPods(tree: Tree, kubelet: Start | undefined): Start[] {
  const read = createYamlReader();
  const folder = podFolder(tree, kubelet);
  const files = tree.names(folder).filter((name) => /\.(?:ya?ml|json)$/.test(name));
  return files.flatMap((name) => {
    const file = posix.join(folder, name);
    const { documents } = read(tree.file(file)?.content.toString() ?? '');
    return documents.flatMap((document) => {
      if (document.kind !== 'Pod') return [];
      return itemsAt(document.value, 'spec', 'containers').flatMap((container, index) => {
        const all = ['command', 'args'].flatMap((field) =>
          itemsAt(container, field).map((text, place) => ({
            text: hostPath(document.value, container, String(text)),
            line: document.lineOf(['spec', 'containers', index, field, place]),
            file,
          })),
        );
        const [program, ...words] = all;
        const base = posix.basename(program?.text ?? '');
        if (program === undefined || !daemonNames.includes(base)) return [];
        const image = textAt(container, 'image');
        const line = document.lineOf(['spec', 'containers', index, 'image']);
        const start: Start = {
          program: base,
          kind: 'static-pod',
          file,
          units: [{ path: file, name: `${base}.service`, settings: [commandOf(all)] }],
          words,
          environment: new Map(),
          executable: { ...(image === undefined ? {} : { image }), line },
        };
        return [start];
      });
    });
  });
}

/** A pod's command line as a unit would have it. */
function commandOf(words: readonly Word[]): Setting {
  return { name: 'ExecStart', value: words.map(({ text }) => text).join(' '), line: words[0]?.line ?? 1 };
}

/** A path in a container as the host has it. */
function hostPath(pod: unknown, container: unknown, word: string): string {
  const [, before = '', path] = /^(--[^=]+=)?(\/.*)$/s.exec(word) ?? [];
  if (path === undefined) return word;
  for (const mount of itemsAt(container, 'volumeMounts')) {
    const at = textAt(mount, 'mountPath')?.replace(/\/$/, '');
    if (at === undefined || (path !== at && !path.startsWith(`${at}/`))) continue;
    const volume = itemsAt(pod, 'spec', 'volumes').find(
      (one) => textAt(one, 'name') === textAt(mount, 'name'),
    );
    const source = textAt(volume, 'hostPath', 'path')?.replace(/\/$/, '');
    if (source !== undefined) return `${before}${source}${path.slice(at.length)}`;
  }
  return word;
}
