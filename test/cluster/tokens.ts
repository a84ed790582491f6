// Tokens as the kubelet asks for a pod's.
import type { KubeControlPlane } from './control-plane.js';
import { INSTALL_NAMESPACE } from './install.js';

/** Of an agent: bound to a pod, and by it to a node. Makes both unless they are there. */
export async function agentTokenOn(plane: KubeControlPlane, node: string): Promise<string> {
  await plane.apply([{ apiVersion: 'v1', kind: 'Node', metadata: { name: node } }]);
  const spec = {
    nodeName: node,
    serviceAccountName: 'ringfence-agent',
    containers: [{ name: 'agent', image: 'none' }],
    tolerations: [{ operator: 'Exists' }],
  };
  const metadata = { name: `agent-${node}`, namespace: INSTALL_NAMESPACE };
  await plane.apply([{ apiVersion: 'v1', kind: 'Pod', metadata, spec }]);
  const bound = ['--bound-object-kind=Pod', `--bound-object-name=agent-${node}`];
  return (await plane.kubectl(['create', 'token', 'ringfence-agent', '-n', INSTALL_NAMESPACE, ...bound])).trim();
}

/** kubectl's flags to be whoever a token says, and not the administrator. */
export function bearerFlags(plane: KubeControlPlane, token: string): string[] {
  const authority = `--certificate-authority=${plane.pki.authority}`;
  return ['--kubeconfig=/dev/null', `--server=${plane.server}`, authority, `--token=${token}`];
}
