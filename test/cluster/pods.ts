// Manifests that tests start pods from.
import { BUSYBOX_IMAGE } from './images/index.js';

export interface PodOptions {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  /** Merged into the container, then into the pod's spec. */
  readonly container?: object;
  readonly spec?: object;
}

const SLEEP = ['sleep', '3600'];

export function busyboxPodSpec({ command = SLEEP, container = {}, spec = {} }: PodOptions = {}): object {
  const main = { name: 'main', image: BUSYBOX_IMAGE, imagePullPolicy: 'Never', command, ...container };
  return { terminationGracePeriodSeconds: 1, containers: [main], ...spec };
}

export function busyboxPod(name: string, options: PodOptions = {}): object {
  const { namespace = 'default', labels = {} } = options;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec: busyboxPodSpec(options) };
}

export function busyboxDeployment(name: string, replicas: number, options: PodOptions = {}): object {
  const { namespace = 'default', labels = { app: name } } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: busyboxPodSpec(options) },
    },
  };
}
