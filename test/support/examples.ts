// The folders of examples/ that hold policies and what they do: expect.yaml says whom the policies are about, the findings of their files,
// and what is decided about described operations. The evaluator and every kernel are held against it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { compilePolicy } from '../../operator/src/compile/compile.js';
import type { DescribedOperation } from '../../operator/src/compile/describe.js';
import type { DecisionIR, PolicyIR } from '../../operator/src/compile/ir.js';
import type { PolicyFile } from '../../operator/src/policy/types.js';
import { validatePolicyFile } from '../../operator/src/policy/validate.js';

const FOLDER = join(checkoutOf(import.meta.dirname), 'examples');
const EXPECTATION = 'expect.yaml';

/** From the sources and from what is compiled alike. */
function checkoutOf(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : checkoutOf(dirname(folder));
}

export interface ExpectedAction extends DescribedOperation {
  readonly expect: DecisionIR['verdict'];
  /** The primary hit; absent where nothing is violated. */
  readonly rule?: string;
}

/** Whose the operations are: a pod's container, as a Workloads item says it, or a cgroup of host processes. */
export interface ExampleWorkload {
  readonly cgroup?: string;
  readonly namespace?: string;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly container?: string;
}

export interface Expectation {
  readonly workload: ExampleWorkload;
  /** Codes of the findings, in order. */
  readonly issues: readonly string[];
  readonly actions: readonly ExpectedAction[];
}

export interface Example extends Expectation {
  readonly name: string;
  readonly files: readonly PolicyFile[];
  /** With their names as uids. */
  readonly policies: readonly PolicyIR[];
  /** The policies as they are written. */
  readonly objects: readonly PolicyDocument[];
}

export interface PolicyDocument {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function policyFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml') && name !== EXPECTATION)
    .sort();
}

function readExample(name: string): Example {
  const folder = join(FOLDER, name);
  const texts = policyFiles(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);
  const files = texts.map(([file, text]) => validatePolicyFile(text, file));
  const documents = texts.flatMap(([, text]) => parseAllDocuments(text).map((one) => one.toJS() as PolicyDocument));
  const policies = files
    .flatMap((file) => file.policies)
    .map((policy) => compilePolicy(policy, { uid: policy.metadata.name, generation: 1, source: 'File' }));
  const expectation = parse(readFileSync(join(folder, EXPECTATION), 'utf8')) as Expectation;
  return { name, files, policies, objects: documents.filter(({ kind }) => kind !== 'Workloads'), ...expectation };
}

/** In the order of their names. */
export function readExamples(): readonly Example[] {
  return exampleNames().map(readExample);
}

export function exampleNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => existsSync(join(FOLDER, name, EXPECTATION)))
    .sort();
}
