/**
 * Plan and PKI in, files out: every file's bytes for the host, and its form for the
 * review tree, where nothing is secret. Reads templates, writes nothing.
 */
import { authDir } from '../catalog/paths.ts';
import type { KeyPair, Pki } from '../model/certificate.ts';
import type { ProxySettings } from '../model/cluster.ts';
import type { FileSpec, KubeconfigSource, RenderedFile } from '../model/file.ts';
import type { HostPlan } from '../model/plan.ts';
import { certificateText, publicKeySha256 } from '../pki/text.ts';
import type { Templates } from './template.ts';
import { mergeYaml } from './yaml.ts';

const redacted = 'REDACTED';

/** The files of a host, in the order of the plan. */
export function renderHost(plan: HostPlan, pki: Pki, templates: Templates): RenderedFile[] {
  return plan.files.map((file) => renderFile(file, plan, pki, templates));
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
export function redactedKey(privateKeyPem: string): string {
  return `${redacted}: private key, SHA-256 of its public key ${publicKeySha256(privateKeyPem)}`;
}

interface Forms {
  readonly content: string;
  readonly review: string;
  readonly certificateText?: string;
}

function renderFile(file: FileSpec, plan: HostPlan, pki: Pki, templates: Templates): RenderedFile {
  const { path, mode, owner, group, placement, services } = file;
  const forms = formsOf(file, plan, pki, templates);
  const content = Buffer.from(forms.content);
  const review = forms.review === forms.content ? content : Buffer.from(forms.review);
  return {
    path,
    mode,
    owner,
    group,
    placement,
    services,
    content,
    review,
    certificateText: forms.certificateText,
  };
}

function formsOf(file: FileSpec, plan: HostPlan, pki: Pki, templates: Templates): Forms {
  const { source } = file;
  switch (source.kind) {
    case 'template':
      return templateForms(source, plan, pki, templates);
    case 'authority':
      return pairForms(pki.authorities[source.authority], source.part);
    case 'certificate':
      return pairForms(certificateOf(pki, source.id), source.part);
    case 'service-account': {
      const { privateKeyPem, publicKeyPem } = pki.serviceAccount;
      if (source.part === 'public') return { content: publicKeyPem, review: publicKeyPem };
      return { content: privateKeyPem, review: `${redactedKey(privateKeyPem)}\n` };
    }
    case 'kubeconfig':
      return kubeconfigForms(source, pki, templates);
  }
}

function templateForms(
  source: Extract<FileSpec['source'], { kind: 'template' }>,
  plan: HostPlan,
  pki: Pki,
  templates: Templates,
): Forms {
  const fill = (secrets: Secrets) => {
    const text = templates.get(source.template)({ ...plan.values, secrets });
    return source.overlay === undefined ? text : mergeYaml(text, source.overlay);
  };
  const { proxy } = plan.cluster.runtime;
  const content = fill(secretsOf(pki, proxy));
  return {
    content,
    review: templates.readsSecrets(source.template) ? fill(redactedSecrets(proxy)) : content,
  };
}

function pairForms(pair: KeyPair, part: 'certificate' | 'private-key'): Forms {
  if (part === 'private-key')
    return { content: pair.privateKeyPem, review: `${redactedKey(pair.privateKeyPem)}\n` };
  const { certificatePem } = pair;
  return {
    content: certificatePem,
    review: certificatePem,
    certificateText: certificateText(certificatePem),
  };
}

function kubeconfigForms(source: KubeconfigSource, pki: Pki, templates: Templates): Forms {
  const authorityPem = pki.authorities['kubernetes-ca'].certificatePem;
  const render = (credential: Parameters<typeof renderKubeconfig>[2]) =>
    renderKubeconfig(source, authorityPem, credential, templates);
  if (source.credential.kind === 'bootstrap-token') {
    return { content: render({ token: pki.bootstrapToken }), review: render({ token: redacted }) };
  }
  const { certificatePem, privateKeyPem } = certificateOf(pki, source.credential.id);
  return {
    content: render({ certificatePem, keyData: base64(privateKeyPem) }),
    review: render({ certificatePem, keyData: `"${redactedKey(privateKeyPem)}"` }),
    certificateText: certificateText(certificatePem),
  };
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

function secretsOf(pki: Pki, proxy: ProxySettings | undefined): Secrets {
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
