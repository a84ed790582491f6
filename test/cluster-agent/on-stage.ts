// A stage for all tests of a file.
import { afterAll, beforeAll, beforeEach, type TestContext } from 'vitest';
import { ClusterUnavailable } from '../cluster/cache.js';
import { ClusterStage } from './stage.js';

let isPrepared = false;

/** For what a group of tests makes before them: it is not to be had without a cluster. */
export function isStaged(): boolean {
  return isPrepared;
}

/** A stage for the tests of a file; where no cluster can be made they are skipped. */
export function onStage(
  name: string,
  prepare: (stage: ClusterStage) => Promise<void>,
  clean: () => Promise<void>,
): void {
  let stage: ClusterStage | undefined;
  let unavailable = '';
  beforeAll(async () => {
    try {
      stage = await ClusterStage.open(name);
    } catch (error) {
      if (!(error instanceof ClusterUnavailable)) throw error;
      unavailable = error.message;
      return;
    }
    await prepare(stage);
    isPrepared = true;
  });
  beforeEach((context: TestContext) => {
    if (stage === undefined) context.skip(`no cluster can be made here: ${unavailable}`);
  });
  afterAll(async () => {
    if (isPrepared) await clean();
    await stage?.close();
  });
}
