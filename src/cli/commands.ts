/** Every command: how it is called, its options, and the module that runs it, loaded when called. */
import type { Options, PositionalOptions } from 'yargs';
import { topologies } from '../commands/init.ts';
import type { ExitStatus } from './exit-status.ts';
import type { Io } from './io.ts';

// biome-ignore lint/suspicious/noExplicitAny: yargs checks the arguments against the row's own options
type Run = (options: any, io: Io) => ExitStatus | Promise<ExitStatus>;

export interface CommandRow {
  /** As yargs wants it: the name, then its positional argument. */
  readonly usage: string;
  readonly describe: string;
  readonly takesInventory: boolean;
  readonly positionals?: Readonly<Record<string, PositionalOptions>>;
  readonly options?: Readonly<Record<string, Options>>;
  readonly load: () => Promise<Run>;
}

const pkiDir: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'folder of the PKI store; default: pki/CLUSTER beside the inventory',
};

const severalTimes: Options = { array: true, type: 'string', nargs: 1, requiresArg: true };
const imageOption: Record<string, Options> = {
  image: { ...severalTimes, describe: 'a further image, of a workload; may be given several times' },
};
const imageSourceOptions: Record<string, Options> = {
  ...imageOption,
  from: {
    ...severalTimes,
    describe: 'OCI layout, a folder or an archive, to take images from instead of registries; several times',
  },
  'images-cache': {
    type: 'string',
    requiresArg: true,
    describe: 'folder of downloads, kept between runs; default: ~/.cache/hardway/images',
  },
};

const binariesDir: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'folder of the official files; default: ~/.cache/hardway/binaries',
};

const kubernetesVersion: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'version of the existing cluster; default: what images and programs say',
};

/** Added to text and json, which every command has. */
const alsoMarkdown: Options = { choices: ['markdown'] };

export const commands: readonly CommandRow[] = [
  {
    usage: 'init',
    describe: 'Print a commented starter inventory',
    takesInventory: false,
    options: {
      topology: {
        choices: topologies,
        default: 'single',
        requiresArg: true,
        describe: 'shape of the cluster',
      },
    },
    load: async () => (await import('../commands/init.ts')).init,
  },
  {
    usage: 'validate [inventory]',
    describe: 'Report every problem of an inventory at once',
    takesInventory: true,
    load: async () => (await import('../commands/validate.ts')).validate,
  },
  {
    usage: 'render [inventory]',
    describe: 'Write the PKI, one bundle per host, and the review tree',
    takesInventory: true,
    options: {
      out: {
        type: 'string',
        default: 'out',
        requiresArg: true,
        describe: 'output folder, replaced as a whole',
      },
      'pki-dir': pkiDir,
      'binaries-dir': binariesDir,
    },
    load: async () => (await import('../commands/render.ts')).render,
  },
  {
    usage: 'addons [inventory]',
    describe: 'Show what is applied to the cluster once its API answers',
    takesInventory: true,
    options: {
      manifests: {
        type: 'boolean',
        default: false,
        describe: 'print the manifests, Secrets without values: for kubectl diff -f -',
      },
    },
    load: async () => (await import('../commands/addons.ts')).addons,
  },
  {
    usage: 'diff [inventory]',
    describe: 'Tell what a render would change; exit 1 when anything would',
    takesInventory: true,
    options: {
      out: {
        type: 'string',
        default: 'out',
        requiresArg: true,
        describe: 'output folder of the last render; it is only read',
      },
      'pki-dir': pkiDir,
      'binaries-dir': binariesDir,
      format: alsoMarkdown,
    },
    load: async () => (await import('../commands/diff.ts')).diff,
  },
  {
    usage: 'audit [inventory]',
    describe: 'Check what a render would write against hardening guidance; exit 1 when a check fails',
    takesInventory: true,
    options: {
      profile: {
        choices: ['all', 'cis'],
        default: 'all',
        requiresArg: true,
        describe: 'cis: the checks of the CIS benchmark for the version; all: those and more',
      },
      out: {
        type: 'string',
        default: 'out',
        requiresArg: true,
        describe: 'output folder of render, which SARIF points into; nothing is read from it',
      },
      'pki-dir': pkiDir,
      dir: {
        type: 'string',
        requiresArg: true,
        describe: 'look at copies of existing hosts in this folder instead: docs/import.md',
      },
      'kubernetes-version': kubernetesVersion,
      // Beside text and json, which every command has.
      format: { choices: ['sarif', 'junit', 'html'] },
    },
    load: async () => (await import('../commands/audit.ts')).audit,
  },
  {
    usage: 'import [path]',
    describe: 'Print a first inventory of an existing cluster, from copies of its hosts',
    takesInventory: false,
    positionals: {
      path: {
        type: 'string',
        describe: 'a copy of a host, or a folder with one per host: docs/import.md',
      },
    },
    options: { 'kubernetes-version': kubernetesVersion },
    load: async () => (await import('../commands/import.ts')).importCluster,
  },
  {
    usage: 'verify [out]',
    describe: 'Check bundles against one another; exit 1 when something is wrong',
    takesInventory: false,
    positionals: {
      out: {
        type: 'string',
        default: 'out',
        describe: 'output folder of a render, or a folder with bundles',
      },
    },
    options: {
      keys: { type: 'boolean', default: false, describe: 'list which host holds which private key, and why' },
    },
    load: async () => (await import('../commands/verify.ts')).verify,
  },
  {
    usage: 'kubeconfig [inventory]',
    describe: "Print a kubeconfig: the administrator's, or one signed for somebody else",
    takesInventory: true,
    options: {
      user: {
        type: 'string',
        requiresArg: true,
        describe: 'name that the API server sees; default: the administrator',
      },
      group: { type: 'string', requiresArg: true, describe: 'group of that user' },
      days: {
        type: 'number',
        requiresArg: true,
        describe: "days until it expires; default: the inventory's certValidityDays",
      },
      'pki-dir': pkiDir,
    },
    load: async () => (await import('../commands/kubeconfig.ts')).kubeconfig,
  },
  {
    usage: 'certs list [inventory]',
    describe: 'List every certificate',
    takesInventory: true,
    options: { 'pki-dir': pkiDir },
    load: async () => (await import('../commands/certs.ts')).certsList,
  },
  {
    usage: 'certs check [inventory]',
    describe: 'Exit 1 when a certificate is missing, differs from the inventory, or is due',
    takesInventory: true,
    options: { 'pki-dir': pkiDir },
    load: async () => (await import('../commands/certs.ts')).certsCheck,
  },
  {
    usage: 'binaries list [inventory]',
    describe: 'List the official files that the hosts need, with their sums',
    takesInventory: true,
    options: { 'binaries-dir': binariesDir },
    load: async () => (await import('../commands/binaries.ts')).binariesList,
  },
  {
    usage: 'binaries fetch [inventory]',
    describe: 'Fetch them, each held against its official sum in binaries.lock',
    takesInventory: true,
    options: {
      'binaries-dir': binariesDir,
      from: { type: 'string', requiresArg: true, describe: 'take the files from this folder' },
      mirror: {
        type: 'string',
        requiresArg: true,
        describe: "fetch from here; default: the inventory's binaries.mirror",
      },
    },
    load: async () => (await import('../commands/binaries.ts')).binariesFetch,
  },
  {
    usage: 'binaries verify [inventory]',
    describe: 'Exit 1 when one is missing or is not what the lock says',
    takesInventory: true,
    options: { 'binaries-dir': binariesDir },
    load: async () => (await import('../commands/binaries.ts')).binariesVerify,
  },
  {
    usage: 'images list [inventory]',
    describe: 'List the images that the hosts need, with their names at mirrors',
    takesInventory: true,
    options: imageOption,
    load: async () => (await import('../commands/images.ts')).imagesList,
  },
  {
    usage: 'images save [inventory]',
    describe: 'Write an archive of them for each architecture, for ctr images import',
    takesInventory: true,
    options: {
      out: { type: 'string', default: 'images', requiresArg: true, describe: 'folder of the archives' },
      ...imageSourceOptions,
    },
    load: async () => (await import('../commands/images.ts')).imagesSave,
  },
  {
    usage: 'kit [inventory]',
    describe: 'Write a folder with all that a site without internet needs: bundles, binaries, images',
    takesInventory: true,
    options: {
      out: { type: 'string', default: 'kit', requiresArg: true, describe: 'the folder, replaced as a whole' },
      'pki-dir': pkiDir,
      'binaries-dir': binariesDir,
      ...imageSourceOptions,
      program: {
        type: 'string',
        requiresArg: true,
        describe: 'single file of hardway to put in (make binary); default: this command, when it is one',
      },
    },
    load: async () => (await import('../commands/kit.ts')).kit,
  },
  {
    usage: 'versions',
    describe: 'List the Kubernetes versions and what runs beside each',
    takesInventory: false,
    load: async () => (await import('../commands/versions.ts')).versions,
  },
  {
    usage: 'upgrade-check [inventory]',
    describe: 'Tell what an upgrade changes; exit 1 when something must be changed first',
    takesInventory: true,
    options: {
      to: {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'version to go to: 1.24, or 1.24.17',
      },
    },
    load: async () => (await import('../commands/upgrade-check.ts')).upgradeCheck,
  },
  {
    usage: 'schema',
    describe: "Print the inventory's JSON Schema, for editors",
    takesInventory: false,
    load: async () => (await import('../commands/schema.ts')).schema,
  },
];
