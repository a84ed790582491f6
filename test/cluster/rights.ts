// Who may do what, asked of the real authorizer: as `kubectl auth can-i --list` says it, and question by question over every resource and
// subresource that the API server has.
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import type { KubeControlPlane } from './control-plane.js';

/** What RBAC knows as verbs, our own `pause` among them. */
const VERBS = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
  ...['impersonate', 'bind', 'escalate', 'approve', 'sign', 'attest', 'use', 'pause'],
];
const WIDTH = 16;

export interface Who {
  readonly user: string;
  readonly groups: readonly string[];
}

export function serviceAccount(namespace: string, name: string): Who {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { user: `system:serviceaccount:${namespace}:${name}`, groups };
}

/** `kubectl auth can-i --list` in a namespace, in an order and a spacing that do not change. */
export async function listRights(plane: KubeControlPlane, { user, groups }: Who, namespace: string): Promise<string> {
  const as = [`--as=${user}`, ...groups.map((group) => `--as-group=${group}`)];
  const said = await plane.kubectl(['auth', 'can-i', '--list', '-n', namespace, ...as]);
  const [head = '', ...lines] = said.trimEnd().split('\n');
  return `${[head, ...new Set(lines.sort())].join('\n')}\n`;
}

/** `verb resource` of a listing, as far as it is said of all objects of a kind. */
export function grantsOf(listing: string): string[] {
  return listing.split('\n').flatMap((line) => {
    const [resource = '', urls, names, verbs] = line.split(/\s{2,}/);
    if (urls !== '[]' || names !== '[]' || verbs === undefined) return [];
    return verbs
      .slice(1, -1)
      .split(' ')
      .map((verb) => `${verb} ${resource}`);
  });
}

interface Kind {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
}

interface ResourceList {
  readonly resources: readonly { readonly name: string }[];
}

/** Every resource and subresource that the server serves, once for each group. */
export async function servedKinds(plane: KubeControlPlane): Promise<Kind[]> {
  const read = async <T>(path: string): Promise<T> => JSON.parse(await plane.kubectl(['get', '--raw', path])) as T;
  const { groups } = await read<{ groups: { name: string; preferredVersion: { groupVersion: string } }[] }>('/apis');
  const lists = groups.map(({ name, preferredVersion }): [string, string] => [
    name,
    `/apis/${preferredVersion.groupVersion}`,
  ]);
  const kinds: Kind[] = [];
  for (const [group, path] of [['', '/api/v1'] as [string, string], ...lists]) {
    for (const { name } of (await read<ResourceList>(path)).resources) {
      const [resource = '', ...rest] = name.split('/');
      kinds.push({ group, resource, subresource: rest.join('/') });
    }
  }
  return kinds;
}

function titleOf({ group, resource, subresource }: Kind): string {
  return `${resource}${group === '' ? '' : `.${group}`}${subresource === '' ? '' : `/${subresource}`}`;
}

/** Asks the authorizer as the bearer of a token whether each verb on each kind is allowed for every object in a namespace. */
export async function sweepRights(plane: KubeControlPlane, token: string, namespace: string): Promise<string[]> {
  const questions = (await servedKinds(plane)).flatMap((kind) => VERBS.map((verb) => ({ ...kind, verb })));
  const allowed: string[] = [];
  const worker = async (): Promise<void> => {
    for (let one = questions.pop(); one !== undefined; one = questions.pop())
      if (await isAllowed(plane, token, { ...one, namespace })) allowed.push(`${one.verb} ${titleOf(one)}`);
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
  return allowed.sort();
}

async function isAllowed(plane: KubeControlPlane, token: string, resourceAttributes: object): Promise<boolean> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const answer = await post(plane, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', token, review);
  return (answer as { status: { allowed: boolean } }).status.allowed;
}

async function post(plane: KubeControlPlane, path: string, token: string, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const options = { method: 'POST', headers, ca: readFileSync(plane.pki.authority) };
  return await new Promise((resolve, reject) => {
    const sent = request(`${plane.server}${path}`, options, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => (text += part.toString()));
      answer.on('end', () => {
        if (answer.statusCode === 201) resolve(JSON.parse(text));
        else reject(new Error(`${path} answers ${(answer.statusCode ?? 0).toString()}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}
