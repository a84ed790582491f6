// Which binaries make up the control plane: those of KUBEBUILDER_ASSETS, as other operators' tests use it, and for the rest our own build.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT_PROGRAMS, builtPrograms } from './go.js';

export type Programs = Readonly<
  Record<'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kubelet', string>
>;

function fromAssets(program: string): string | undefined {
  const folder = process.env['KUBEBUILDER_ASSETS'];
  if (folder === undefined || folder === '') return undefined;
  const path = join(folder, program);
  return existsSync(path) ? path : undefined;
}

export async function clusterPrograms(wanted: readonly string[], say: (line: string) => void): Promise<Programs> {
  const toBuild = wanted.filter((program) => fromAssets(program) === undefined);
  const built = await builtPrograms(toBuild, say);
  const paths = wanted.map((program) => [program, fromAssets(program) ?? built[program]]);
  return Object.fromEntries(paths) as Programs;
}

export async function controlPlanePrograms(withControllers: boolean, say: (line: string) => void): Promise<Programs> {
  const api = ['etcd', 'kube-apiserver'];
  const controllers = ['kube-controller-manager', 'kube-scheduler'];
  return await clusterPrograms(withControllers ? [...api, ...controllers] : api, say);
}

export async function allPrograms(say: (line: string) => void): Promise<Programs> {
  return await clusterPrograms(BUILT_PROGRAMS, say);
}
