// A policy file -> policies with defaults filled in, and every issue of the file at once. A document with an error is
// rejected alone.
import type { Issue } from '../errors.js';
import { Check, describe, isObject, oneOf } from './check.js';
import type { JsonObject } from './check.js';
import { completeSpec } from './defaults.js';
import { findInPolicy } from './findings.js';
import { parseDocuments } from './parse.js';
import type { ParsedDocument } from './parse.js';
import { checkSchema } from './schema-check.js';
import { API_VERSION, SCHEMAS } from './schema.gen.js';
import type { ClusterRuntimePolicy, RuntimePolicy, Workloads } from './schema.gen.js';
import { suggest } from './suggest.js';
import type { Policy, PolicyFile, PolicyKind, Source, WorkloadsDoc } from './types.js';

/** Bytes of a spec as JSON. */
export const SPEC_BYTES_MAX = 256 * 1024;
const DEFAULT_NAMESPACE = 'default';
const DEFAULT_SYSTEM_NAMESPACES = ['kube-system'];

export interface ValidateOptions {
  /** Namespaces whose pods a policy may select only with an acknowledgement. */
  readonly systemNamespaces?: readonly string[];
}

export interface Validated {
  readonly policies?: readonly Policy[];
  readonly workloads?: readonly WorkloadsDoc[];
  readonly issues: readonly Issue[];
}

type Kind = keyof typeof SCHEMAS;
const KINDS = Object.keys(SCHEMAS) as Kind[];
/** Kinds of other groups that Ringfence will read. */
const LATER_KINDS = ['TracingPolicy', 'TracingPolicyNamespaced'];

function isKind(kind: unknown): kind is Kind {
  return KINDS.some((known) => known === kind);
}

function reportKind(check: Check, kind: unknown): void {
  if (typeof kind === 'string' && LATER_KINDS.includes(kind)) {
    const hint = 'a later version will read objects of cilium.io';
    check.report({ code: 'NOT_IMPLEMENTED', path: 'kind', expected: oneOf(KINDS), got: describe(kind), hint });
    return;
  }
  const near = typeof kind === 'string' ? suggest(kind, KINDS) : undefined;
  const hint = near === undefined ? '' : `did you mean ${near}?`;
  check.report({ code: 'INVALID_VALUE', path: 'kind', expected: oneOf(KINDS), got: describe(kind), hint });
}

/** The kind of an object of ours, or issues. */
function kindOf(document: ParsedDocument): Kind | readonly Issue[] {
  const { value, positions, source } = document;
  const check = new Check(source.file, 'RuntimePolicy', positions);
  if (!isObject(value)) {
    check.report({ code: 'INVALID_VALUE', path: '', expected: `an object of ${API_VERSION}`, got: describe(value) });
    return check.issues;
  }
  const { apiVersion, kind } = value;
  const later = typeof kind === 'string' && LATER_KINDS.includes(kind);
  if (apiVersion !== API_VERSION && !later)
    check.report({ code: 'INVALID_VALUE', path: 'apiVersion', expected: API_VERSION, got: describe(apiVersion) });
  if (!isKind(kind)) reportKind(check, kind);
  return isKind(kind) && check.issues.length === 0 ? kind : check.issues;
}

function checkSize(check: Check, value: JsonObject): void {
  const bytes = new TextEncoder().encode(JSON.stringify(value['spec'] ?? null)).length;
  if (bytes <= SPEC_BYTES_MAX) return;
  const finding = { path: 'spec', expected: `at most ${SPEC_BYTES_MAX} bytes as JSON`, got: `${bytes} bytes` };
  check.report({ code: 'TOO_LARGE', hint: 'split the policy', ...finding });
}

function checkNamespace(check: Check, metadata: unknown): void {
  if (check.kind !== 'ClusterRuntimePolicy' || !isObject(metadata) || metadata['namespace'] === undefined) return;
  const finding = { path: 'metadata.namespace', expected: 'no namespace: the kind belongs to the cluster' };
  check.report({ code: 'INVALID_VALUE', got: describe(metadata['namespace']), ...finding });
}

function isRuntimePolicy(object: RuntimePolicy | ClusterRuntimePolicy, kind: PolicyKind): object is RuntimePolicy {
  return object.kind === 'RuntimePolicy' && kind === 'RuntimePolicy';
}

function policyOf(object: RuntimePolicy | ClusterRuntimePolicy, kind: PolicyKind, source: Source): Policy {
  const { metadata } = object;
  const namespaced = isRuntimePolicy(object, kind);
  const namespace = namespaced ? (metadata.namespace ?? DEFAULT_NAMESPACE) : '';
  const spec = completeSpec(namespaced ? { ...object.spec, scope: 'Pods' } : object.spec);
  return { kind, metadata: { ...metadata, namespace }, spec, source };
}

function checkSystemNamespace(check: Check, policy: Policy, system: readonly string[]): void {
  const { namespace } = policy.metadata;
  if (!system.includes(namespace) || policy.spec.acknowledge?.includes('SystemNamespaces')) return;
  const expected = `SystemNamespaces in acknowledge for a policy in ${namespace}`;
  const got = policy.spec.acknowledge ? policy.spec.acknowledge.join(', ') : 'no acknowledge';
  const hint = 'without it pods of system namespaces are never selected';
  check.report({ code: 'ACK_REQUIRED', path: 'spec', expected, got, hint });
}

function validatePolicy(check: Check, kind: PolicyKind, document: ParsedDocument, options: ValidateOptions): Validated {
  // The status is the server's: what was exported with it can be used as it is.
  const { status: _, ...value } = document.value as JsonObject;
  checkSize(check, value);
  checkNamespace(check, value['metadata']);
  if (!check.issues.some((issue) => issue.code === 'TOO_LARGE')) checkSchema(check, value);
  if (check.isMalformed()) return { issues: check.issues };
  const policy = policyOf(value as unknown as RuntimePolicy | ClusterRuntimePolicy, kind, document.source);
  checkSystemNamespace(check, policy, options.systemNamespaces ?? DEFAULT_SYSTEM_NAMESPACES);
  findInPolicy(check, policy);
  return { policies: check.hasErrors() ? [] : [policy], issues: check.issues };
}

function validateWorkloads(check: Check, document: ParsedDocument): Validated {
  checkSchema(check, document.value);
  if (check.hasErrors()) return { issues: check.issues };
  const { items } = document.value as Workloads;
  const named = items.map((item) => ({
    ...item,
    pod: item.pod ?? item.name,
    container: item.container ?? item.name,
  }));
  return { workloads: [{ items: named, source: document.source }], issues: check.issues };
}

/** What one document says. Defaults are filled into its value. */
export function validateDocument(document: ParsedDocument, options: ValidateOptions): Validated {
  const kind = kindOf(document);
  if (typeof kind !== 'string') return { issues: kind };
  const check = new Check(document.source.file, kind, document.positions);
  const validated =
    kind === 'Workloads' ? validateWorkloads(check, document) : validatePolicy(check, kind, document, options);
  return document.usable ? validated : { issues: validated.issues };
}

function byPosition(a: Issue, b: Issue): number {
  return a.line - b.line || a.column - b.column || a.path.localeCompare(b.path, 'en');
}

/** Everything a file says. `text` is the file's content, `file` its name as it shall appear in issues. */
export function validatePolicyFile(text: string, file: string, options: ValidateOptions = {}): PolicyFile {
  const parsed = parseDocuments(text, file);
  const validated = parsed.documents.map((document) => validateDocument(document, options));
  return {
    policies: validated.flatMap(({ policies = [] }) => policies),
    workloads: validated.flatMap(({ workloads = [] }) => workloads),
    issues: [...parsed.issues, ...validated.flatMap(({ issues }) => issues)].sort(byPosition),
  };
}
