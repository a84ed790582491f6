// The kubeconfig, as kubectl would read it.
import { KubeConfig } from '@kubernetes/client-node';
import { ClusterFault } from '../errors.js';
import type { ConnectOptions } from './connect-options.js';

/** Nothing is sent: the cluster may be away. */
export function loadConfig({ kubeconfig, context }: Pick<ConnectOptions, 'kubeconfig' | 'context'>): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    if (context !== undefined) config.setCurrentContext(context);
  } catch (cause) {
    throw new ClusterFault('CLUSTER_NO_CONFIG', 'read the kubeconfig', { object: kubeconfig ?? 'default', cause });
  }
  if (config.getCurrentCluster() !== null) return config;
  throw new ClusterFault('CLUSTER_NO_CONFIG', 'find the current cluster in the kubeconfig', {
    object: kubeconfig ?? 'default',
  });
}

/** The library's constructor reads the default configuration, and would fail for one that we do not use. */
export function pointedAt<R>(kubeconfig: string | undefined, work: () => R): R {
  const before = process.env['KUBECONFIG'];
  if (kubeconfig !== undefined) process.env['KUBECONFIG'] = kubeconfig;
  try {
    return work();
  } finally {
    if (before === undefined) delete process.env['KUBECONFIG'];
    else process.env['KUBECONFIG'] = before;
  }
}
