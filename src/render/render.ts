/**
 * Plan and PKI in, files out: every file's bytes for the host, and its form for the
 * review tree, where nothing is secret. Reads templates, writes nothing.
 */
import { authDir } from '../catalog/paths.ts';
import { keptText } from '../lib/kept.ts';
import { authorityOf, type KeyPair, type Pki } from '../model/certificate.ts';
import type { ProxySettings } from '../model/cluster.ts';
import type { FileSpec, KeyPairPart, KubeconfigSource, RenderedFile } from '../model/file.ts';
import type { HostPlan, TemplateValues } from '../model/plan.ts';
import { createPairReader, type PairReader } from '../pki/read-once.ts';
import { certificateText, type PairText, pairText, publicKeySha256 } from '../pki/text.ts';
import type { Templates } from './template.ts';
import { mergeYaml } from './yaml.ts';

const redacted = 'REDACTED';

/** What the review tree says of key pairs, and of the service account's. */
export type PairTexts = WeakMap<KeyPair | Pki['serviceAccount'], PairText>;

/**
 * Renders hosts one after another. What is the same for many hosts (units, shared
 * configuration, authorities) is rendered once, and is then one and the same buffer.
 * `pairTexts` has the texts of pairs that have yet to be made, see pki/forecast.ts; `pairs` may have
 * read the others before.
 */
export function createRenderer(
  pki: Pki,
  templates: Templates,
  pairTexts: PairTexts = new WeakMap(),
  pairs: PairReader = createPairReader(),
): (plan: HostPlan) => RenderedFile[] {
  const memo: Memo = { byValues: new WeakMap(), byKey: new Map(), pairTexts, pairs };
  return (plan) => {
    const contexts = contextsOf(plan, pki);
    const rendering = { plan, pki, templates, memo, contexts, ownTexts: new Map() };
    return plan.files.map((file) => renderFile(file, rendering));
  };
}

/**
 * Files that templates make, in the form for review, by path: what can be said of a host
 * without any key. Plans of different versions are compared by them.
 */
export function reviewTexts(plan: HostPlan, templates: Templates): ReadonlyMap<string, string> {
  const pki = { bootstrapToken: `${redacted}.${redacted}`, encryptionKey: redacted };
  const contexts = contextsOf(plan, pki);
  const texts = plan.files.flatMap(({ path, source }) =>
    source.kind === 'template'
      ? [[path, fillTemplate(source, { contexts, templates }).review.toString()] as const]
      : [],
  );
  return new Map(texts);
}

interface Rendering {
  readonly plan: HostPlan;
  readonly pki: Pki;
  readonly templates: Templates;
  readonly memo: Memo;
  readonly contexts: Contexts;
  /** Texts of this host's pairs, which no other host has: those of thousands need not stay. */
  readonly ownTexts: Map<KeyPair, PairText>;
}

/** What texts of pairs are taken from. */
type TextSources = Pick<Rendering, 'memo' | 'ownTexts'>;

/** Forms that several hosts share; a key names all that a form depends on beside the values. */
interface Memo {
  readonly byValues: WeakMap<TemplateValues, Map<string, Forms>>;
  readonly byKey: Map<string, Forms>;
  readonly pairTexts: PairTexts;
  readonly pairs: PairReader;
}

/** A kubeconfig with the certificate embedded; pass a redacted key for review. */
export function renderKubeconfig(
  source: Omit<KubeconfigSource, 'kind' | 'credential'>,
  authorityPem: string,
  credential: { readonly token: string } | { readonly certificatePem: string; readonly keyData: string },
  templates: Templates,
): string {
  return templates.get(`${authDir.slice(1)}/_kubeconfig.hbs`)({
    cluster: source.cluster,
    server: source.server,
    user: source.user,
    context: `${source.user}@${source.cluster}`,
    authorityData: base64(authorityPem),
    ...('token' in credential
      ? { token: credential.token, certificateData: '', keyData: '' }
      : { token: '', certificateData: base64(credential.certificatePem), keyData: credential.keyData }),
  });
}

/** What stands in place of a private key. */
function redactedKey(publicKeySha256: string): string {
  return `${redacted}: private key, SHA-256 of its public key ${publicKeySha256}`;
}

/** A file for the host and for the review tree. */
type Forms = Pick<RenderedFile, 'content' | 'review' | 'certificateText'>;

function renderFile(file: FileSpec, rendering: Rendering): RenderedFile {
  const { path, mode, owner, group, placement, services } = file;
  return { path, mode, owner, group, placement, services, ...formsOf(file, rendering) };
}

function formsOf({ source }: FileSpec, rendering: Rendering): Forms {
  const { pki, memo } = rendering;
  switch (source.kind) {
    case 'template':
      return templateForms(source, rendering);
    case 'authority':
      return remembered(memo.byKey, `${source.authority} ${source.part}`, () =>
        pairForms(authorityOf(pki, source.authority), source.part, rendering),
      );
    case 'external-etcd':
      return remembered(memo.byKey, `external etcd ${source.part}`, () =>
        externalForms(pki, source.part, rendering),
      );
    case 'extra-manifest':
      return remembered(memo.byKey, `extra manifest ${source.file}`, () => manifestForms(pki, source.file));
    case 'certificate':
      return pairForms(certificateOf(pki, source.id), source.part, rendering);
    case 'service-account':
      return remembered(memo.byKey, `service-account ${source.part}`, () =>
        serviceAccountForms(pki, source.part, memo),
      );
    case 'kubeconfig':
      return kubeconfigForms(source, rendering);
  }
}

function remembered(known: Map<string, Forms>, key: string, make: () => Forms): Forms {
  const forms = known.get(key) ?? make();
  known.set(key, forms);
  return forms;
}

type TemplateSource = Extract<FileSpec['source'], { kind: 'template' }>;

function templateForms(source: TemplateSource, rendering: Rendering): Forms {
  const { plan, templates, memo } = rendering;
  const { shared, own } = plan.values;
  const reads = templates.reads(source.template);
  if (Object.keys(own).some((name) => reads.has(name))) return fillTemplate(source, rendering);
  const known = memo.byValues.get(shared) ?? new Map<string, Forms>();
  memo.byValues.set(shared, known);
  const key = `${source.template} ${JSON.stringify(source.overlay)} ${JSON.stringify(source.item)}`;
  return remembered(known, key, () => fillTemplate(source, rendering));
}

function fillTemplate(
  { template, item, overlay }: TemplateSource,
  { contexts, templates }: Pick<Rendering, 'contexts' | 'templates'>,
): Forms {
  const fill = (context: object) => {
    const text = templates.get(template)(item === undefined ? context : { ...context, item });
    return overlay === undefined ? text : mergeYaml(text, overlay);
  };
  const content = fill(contexts.content);
  return templates.reads(template).has('secrets')
    ? secretForms(content, fill(contexts.review))
    : openForms(content);
}

/** All that templates of a host can read, for what it gets and for the review tree. */
interface Contexts {
  readonly content: object;
  readonly review: object;
}

/** What templates read of the PKI. */
type TemplateSecrets = Pick<Pki, 'bootstrapToken' | 'encryptionKey'>;

function contextsOf({ values: { shared, own }, cluster }: HostPlan, pki: TemplateSecrets): Contexts {
  const { proxy } = cluster.runtime;
  const context = (secrets: Secrets) => ({ ...shared, ...own, item: {}, secrets });
  return { content: context(secretsOf(pki, proxy)), review: context(redactedSecrets(proxy)) };
}

function pairForms(pair: KeyPair, part: 'certificate' | 'private-key', sources: TextSources): Forms {
  const { certificate, publicKeySha256 } = pairTextOf(pair, sources);
  if (part === 'private-key') return secretForms(pair.privateKeyPem, `${redactedKey(publicKeySha256)}\n`);
  return openForms(pair.certificatePem, certificate);
}

function externalForms({ externalEtcd }: Pki, part: 'authority' | KeyPairPart, sources: TextSources): Forms {
  if (externalEtcd === undefined) throw new Error('the files of the external etcd were not read');
  if (part !== 'authority') return pairForms(externalEtcd, part, sources);
  return openForms(externalEtcd.authorityPem, certificateText(externalEtcd.authorityPem));
}

function manifestForms({ extraManifests }: Pki, file: string): Forms {
  const manifest = extraManifests?.get(file);
  if (manifest === undefined) throw new Error(`the manifest ${file} was not read`);
  return secretForms(manifest.content, manifest.review);
}

function pairTextOf(pair: KeyPair, { memo, ownTexts }: TextSources): PairText {
  const text = memo.pairTexts.get(pair) ?? ownTexts.get(pair) ?? pairText(pair.certificatePem, memo.pairs);
  ownTexts.set(pair, text);
  return text;
}

function serviceAccountForms({ serviceAccount }: Pki, part: 'private' | 'public', memo: Memo): Forms {
  const { privateKeyPem, publicKeyPem } = serviceAccount;
  if (part === 'public') return openForms(publicKeyPem);
  const text = memo.pairTexts.get(serviceAccount)?.publicKeySha256 ?? publicKeySha256(publicKeyPem);
  return secretForms(privateKeyPem, `${redactedKey(text)}\n`);
}

function kubeconfigForms(source: KubeconfigSource, rendering: Rendering): Forms {
  const { pki, templates, memo } = rendering;
  const authorityPem = pki.authorities['kubernetes-ca'].certificatePem;
  const render = (credential: Parameters<typeof renderKubeconfig>[2]) =>
    renderKubeconfig(source, authorityPem, credential, templates);
  if (source.credential.kind === 'bootstrap-token') {
    return remembered(memo.byKey, JSON.stringify(source), () =>
      secretForms(render({ token: pki.bootstrapToken }), render({ token: redacted })),
    );
  }
  const pair = certificateOf(pki, source.credential.id);
  const { certificatePem, privateKeyPem } = pair;
  const { certificate, publicKeySha256 } = pairTextOf(pair, rendering);
  return secretForms(
    render({ certificatePem, keyData: base64(privateKeyPem) }),
    render({ certificatePem, keyData: `"${redactedKey(publicKeySha256)}"` }),
    certificate,
  );
}

function openForms(text: string, certificateText?: string): Forms {
  const content = keptText(text);
  return { content, review: content, certificateText };
}

function secretForms(content: string, review: string, certificateText?: string): Forms {
  return { content: keptText(content), review: Buffer.from(review), certificateText };
}

/** What templates read as `secrets`. */
interface Secrets {
  readonly bootstrapToken: string;
  readonly bootstrapTokenId: string;
  readonly bootstrapTokenSecret: string;
  readonly encryptionKey: string;
  /** Proxy URLs may hold a password. */
  readonly httpProxy: string;
  readonly httpsProxy: string;
}

function secretsOf(pki: TemplateSecrets, proxy: ProxySettings | undefined): Secrets {
  const [id = '', secret = ''] = pki.bootstrapToken.split('.');
  return {
    bootstrapToken: pki.bootstrapToken,
    bootstrapTokenId: id,
    bootstrapTokenSecret: secret,
    encryptionKey: pki.encryptionKey,
    httpProxy: proxy?.http ?? '',
    httpsProxy: proxy?.https ?? '',
  };
}

function redactedSecrets(proxy: ProxySettings | undefined): Secrets {
  return {
    bootstrapToken: redacted,
    bootstrapTokenId: redacted,
    bootstrapTokenSecret: redacted,
    encryptionKey: redacted,
    httpProxy: withoutUserinfo(proxy?.http),
    httpsProxy: withoutUserinfo(proxy?.https),
  };
}

function withoutUserinfo(url: string | undefined): string {
  return (url ?? '').replace(/\/\/[^/]*@/, `//${redacted}@`);
}

function certificateOf(pki: Pki, id: string): KeyPair {
  const pair = pki.certificates.get(id);
  if (pair === undefined) throw new Error(`the PKI store was not asked for ${id}`);
  return pair;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
