// What the test files of this suite share: a control plane of their own in a folder that goes with them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeControlPlane, type ControlPlaneOptions } from './control-plane.js';

export async function withPlane(
  options: Omit<ControlPlaneOptions, 'folder'>,
): Promise<{ readonly plane: KubeControlPlane; readonly end: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-plane-'));
  const plane = await KubeControlPlane.start({ ...options, folder });
  return {
    plane,
    end: async () => {
      await plane.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
