// A whole cluster: control plane here, node in a guest. Runs inside a namespace of its own (namespace.ts).
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { emulatorFor } from '../guest/qemu.js';
import type { GuestResult } from '../guest/run.js';
import { kernelImage } from '../guest/kernel-image.js';
import { KubeControlPlane } from './control-plane.js';
import { testImages } from './images/index.js';
import { clientTools } from './kubectl.js';
import { GuestNode, type GuestNodeOptions } from './node/guest-node.js';
import { nodePackages } from './node/packages.js';
import { allPrograms } from './programs.js';

type Say = (line: string) => void;

export interface ClusterOptions {
  readonly folder: string;
  readonly node?: Omit<GuestNodeOptions, 'plane' | 'folder' | 'say'>;
  readonly say?: Say;
}

/** Everything that needs the network: after it, a cluster can be started in a namespace without one. */
export async function prepareCluster(say: Say): Promise<void> {
  await allPrograms(say);
  await clientTools();
  await nodePackages();
  await emulatorFor('6.12');
  const { folder } = await kernelImage('6.12');
  await testImages(join(folder, 'busybox'));
}

export class TestCluster {
  private constructor(
    readonly plane: KubeControlPlane,
    readonly node: GuestNode,
  ) {}

  /** Answers when the node is Ready. */
  static async start({ folder, node = {}, say = () => undefined }: ClusterOptions): Promise<TestCluster> {
    mkdirSync(folder, { recursive: true });
    const plane = await KubeControlPlane.start({ folder, port: 443, say });
    const guest = await GuestNode.start({ ...node, plane, folder, say });
    await guest.ready();
    return new TestCluster(plane, guest);
  }

  async stop(): Promise<GuestResult | undefined> {
    const result = await this.node.stop();
    await this.plane.stop();
    return result;
  }
}
