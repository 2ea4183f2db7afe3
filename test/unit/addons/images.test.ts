import { describe, expect, test } from 'vitest';
import { imagesOfAddons, isInstalled } from '../../../src/addons/images.ts';
import { ownAddons } from '../../../src/addons/own.ts';
import * as paths from '../../../src/catalog/paths.ts';
import { releases } from '../../../src/catalog/releases.ts';
import { templatesDir } from '../../../src/lib/package-root.ts';
import type { ExtraManifest, ManifestObject } from '../../../src/model/addon.ts';
import { loadTemplates } from '../../../src/render/template.ts';
import { clusterOf, oneHost, planOf, renderedTexts } from '../../support/clusters.ts';

const object = (images: readonly string[]): ManifestObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  namespace: undefined,
  name: 'a',
  images,
});
const extra = (file: string, ...images: readonly string[]): ExtraManifest => ({
  file,
  content: '',
  review: '',
  objects: [object(images)],
});

describe('images of addons', () => {
  test('are each told once, with all who run them', () => {
    const cluster = clusterOf('kubernetes: { version: "1.20" }', 'addons: { flannel: false }', oneHost);
    const extras = [
      extra('a.yaml', 'example/a:1', 'registry.k8s.io/coredns:1.7.0'),
      extra('b.yaml', 'example/a:1'),
    ];
    expect(imagesOfAddons(cluster, extras)).toEqual([
      { image: 'registry.k8s.io/coredns:1.7.0', addons: ['coredns', 'a.yaml'] },
      { image: 'example/a:1', addons: ['a.yaml', 'b.yaml'] },
    ]);
  });

  test('are none without addons', () => {
    expect(imagesOfAddons(clusterOf('addons: { coredns: false, flannel: false }', oneHost))).toEqual([]);
  });

  test.each([
    ['1.20', 'baseline', true],
    ['1.22', 'baseline', true],
    ['1.22', 'privileged', false],
    ['1.23', 'baseline', false],
  ])('policies of pods are an addon at %s with %s: %s', (minor, podSecurity, isThere) => {
    const settings = [`kubernetes: { version: "${minor}" }`, `security: { podSecurity: ${podSecurity} }`];
    const cluster = clusterOf(...settings, oneHost);
    expect(isInstalled('pod-security-policy', cluster)).toBe(isThere);
    const names = ownAddons(cluster, loadTemplates(templatesDir)).map(({ name }) => name);
    expect(names).toEqual(['rbac', ...(isThere ? ['pod-security-policy'] : []), 'flannel', 'coredns']);
  });

  test.each(releases.map(({ minor }) => minor))('are those of the manifests at %s', async (minor) => {
    const cluster = clusterOf(`kubernetes: { version: "${minor}" }`, oneHost);
    const texts = [...(await renderedTexts(planOf(cluster)))].filter(([path]) =>
      path.startsWith(paths.addonsDir),
    );
    const named = texts.flatMap(([, text]) =>
      [...text.matchAll(/^ *image: "?([^"\n]+)"?$/gm)].map(([, image = '']) => image),
    );
    const images = imagesOfAddons(cluster).map(({ image }) => image);
    expect([...new Set(named)].sort()).toEqual([...images].sort());
    expect(images).toHaveLength(3);
  });
});
