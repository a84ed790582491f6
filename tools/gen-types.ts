// Regenerates everything that follows from crds/schema.
//   node build/tools/gen-types.js           write the files
//   node build/tools/gen-types.js --check   write nothing; fail when a file differs from what would be written

import { fileURLToPath } from 'node:url';
import { writeGenerated } from './generated.js';
import { emitObjectTypes, emitResource, emitTypeScript, resourceFile } from './schema-emit.js';
import { SCHEMA_FOLDER, readSchemaModel } from './schema-model.js';
import { emitNodeStateReference, emitReference } from './schema-reference.js';

/** Path below the root -> content. */
export function generatedFiles(root: string): ReadonlyMap<string, string> {
  const model = readSchemaModel(root);
  return new Map([
    ...model.resources.map((resource) => [resourceFile(resource), emitResource(model, resource)] as const),
    ['operator/src/policy/schema.gen.ts', emitTypeScript(model)],
    ['operator/src/report/objects.gen.ts', emitObjectTypes(model)],
    ['docs/reference/policy.md', emitReference(model)],
    ['docs/reference/nodestate.md', emitNodeStateReference(model)],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.cwd();
  process.exitCode = writeGenerated(root, SCHEMA_FOLDER, generatedFiles(root));
}
