/** The cluster as an operator sees it: kubectl with the operator's kubeconfig, from outside the hosts. */
import { kubeBinaries } from '../../support/requirements.ts';
import { eventually } from './eventually.ts';
import { type Lab, runAsOperator } from './lab.ts';
import { type Finished, outputOf, type RunOptions } from './process.ts';

export interface Operator {
  readonly lab: Lab;
  readonly kubeconfig: string;
  /** What is dialled instead of the kubeconfig's endpoint. */
  readonly server?: string;
}

/** The parts of Kubernetes' objects that tests read. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime: string;
}

export interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly creationTimestamp: string;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  /** Of a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
  readonly status: { readonly phase?: string; readonly conditions?: readonly Condition[] } & Readonly<
    Record<string, unknown>
  >;
}

/** Runs kubectl, whatever its status. */
export function runKubectl(
  { lab, kubeconfig, server }: Operator,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const program = `${kubeBinaries()}/kubectl`;
  const always = [
    '--kubeconfig',
    kubeconfig,
    '--cache-dir',
    `${lab.folder}/kubectl-cache`,
    '--request-timeout=20s',
    ...(server === undefined ? [] : ['--server', server]),
  ];
  return runAsOperator(lab, [program, ...always, ...args], options);
}

/** What kubectl prints; throws with all that it said when it fails. */
export async function kubectl(operator: Operator, args: readonly string[], input?: string): Promise<string> {
  return outputOf(`kubectl ${args.join(' ')}`, await runKubectl(operator, args, { input }));
}

/** One object, such as `pod/web`. */
export async function getObject(operator: Operator, ...what: readonly string[]): Promise<KubeObject> {
  return JSON.parse(await kubectl(operator, ['get', '-o', 'json', ...what])) as KubeObject;
}

/** All objects of a kind, with further arguments of `kubectl get`. */
export async function listObjects(operator: Operator, ...what: readonly string[]): Promise<KubeObject[]> {
  const list = JSON.parse(await kubectl(operator, ['get', '-o', 'json', ...what])) as { items: KubeObject[] };
  return list.items;
}

/** Creates an object, or changes one to what is given. */
export async function applyObject(operator: Operator, object: object): Promise<void> {
  await kubectl(operator, ['apply', '-f', '-'], JSON.stringify(object));
}

/** Creates a pod in a new cluster: none is accepted until the namespace has its service account. */
export async function applyPod(operator: Operator, pod: object): Promise<void> {
  await eventually('the pod is accepted', 60, () => applyObject(operator, pod), 250);
}

/** Whether a condition of an object is true. */
export function hasCondition({ status }: KubeObject, type: string): boolean {
  return (
    status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
  );
}
