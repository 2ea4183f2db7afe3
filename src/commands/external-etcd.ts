/** Reads the files of an etcd that others keep; what is wrong with them is told at the inventory's line that names them. */
import type { Io } from '../cli/io.ts';
import { quote } from '../diagnostics/visible.ts';
import type { Problem } from '../inventory/problem.ts';
import type { ExternalEtcd } from '../model/certificate.ts';
import type { Cluster } from '../model/cluster.ts';
import { type CheckedExternalEtcd, checkExternalEtcd, type ExternalFile } from '../pki/external-etcd.ts';
import { localPath } from './local-path.ts';

/** What the files hold; kept apart from the Cluster, which anything may print. */
export interface ReadExternalEtcd {
  readonly problems: readonly Problem[];
  readonly etcd: ExternalEtcd | undefined;
  readonly certificates: CheckedExternalEtcd['certificates'];
}

const files: readonly ExternalFile[] = ['caFile', 'certFile', 'keyFile'];

/** The files of a cluster with etcd.external; undefined without. */
export function readExternalEtcd(cluster: Cluster, inventory: string, io: Io): ReadExternalEtcd | undefined {
  const { external } = cluster.etcd;
  if (external === undefined) return undefined;
  const problems: Problem[] = [];
  const texts = new Map<ExternalFile, string>();
  for (const file of files) {
    const path = localPath(inventory, external[file]);
    const read = io.readLocalFile(path);
    if ('problem' in read) {
      problems.push(
        problemAt(
          file,
          'error',
          'unreadable-file',
          `cannot read ${quote(path)}: ${read.problem}`,
          'name a file on this machine, relative to the inventory',
        ),
      );
      continue;
    }
    texts.set(file, read.text);
    if (file === 'keyFile' && (read.mode & 0o077) !== 0) {
      const message = `${quote(path)} may be read by others (mode ${(read.mode & 0o777).toString(8).padStart(4, '0')}); whoever has this key reads and changes the whole cluster`;
      problems.push(problemAt(file, 'warning', 'exposed-key', message, 'chmod 0600 the file'));
    }
  }
  const [caFile, certFile, keyFile] = files.map((file) => texts.get(file));
  if (caFile === undefined || certFile === undefined || keyFile === undefined)
    return { problems, etcd: undefined, certificates: undefined };
  const checked = checkExternalEtcd({ caFile, certFile, keyFile }, cluster.pki.renewBeforeDays, io.now());
  for (const { file, severity, code, message, fix } of checked.findings)
    problems.push(
      problemAt(file, severity, code, `${quote(localPath(inventory, external[file]))} ${message}`, fix),
    );
  return { problems, etcd: checked.etcd, certificates: checked.certificates };
}

function problemAt(
  file: ExternalFile,
  severity: 'error' | 'warning',
  code: Problem['code'],
  message: string,
  fix: string,
): Problem {
  return { code, severity, path: ['etcd', 'external', file], message, fix };
}
