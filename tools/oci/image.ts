// An OCI image as one tar file (an image layout), made without a container engine: `ctr images import`, `podman load` and `skopeo copy` take it.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { tarPieces, writeTar, type TarEntry } from './tar.js';

export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface Image {
  /** Full reference with a tag. */
  readonly name: string;
  readonly config: ImageConfig;
  /** From the lowest layer up. */
  readonly layers: readonly Iterable<TarEntry>[];
  /** Smaller, but slower to unpack: an emulated processor takes seconds for what this saves. */
  readonly compressed: boolean;
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly bytes: Uint8Array;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function blob(mediaType: string, bytes: Uint8Array): Blob {
  return { mediaType, digest: sha256(bytes), size: bytes.length, bytes };
}

function jsonBlob(mediaType: string, value: object): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function descriptor({ mediaType, digest, size }: Blob): object {
  return { mediaType, digest, size };
}

function entryOf({ digest, bytes }: Blob): TarEntry {
  return { type: 'file', path: `blobs/${digest.replace(':', '/')}`, mode: 0o644, content: bytes };
}

export function writeImage(path: string, image: Image): void {
  const plain = image.layers.map((entries) => Buffer.concat([...tarPieces(entries)]));
  const layers = plain.map((tar) =>
    image.compressed
      ? blob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar))
      : blob('application/vnd.oci.image.layer.v1.tar', tar),
  );
  const config = jsonBlob('application/vnd.oci.image.config.v1+json', {
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config: image.config,
    rootfs: { type: 'layers', diff_ids: plain.map(sha256) },
  });
  const manifestType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = jsonBlob(manifestType, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(config),
    layers: layers.map(descriptor),
  });
  const annotations = {
    'io.containerd.image.name': image.name,
    'org.opencontainers.image.ref.name': image.name.replace(/^.*:/, ''),
  };
  const index = { schemaVersion: 2, manifests: [{ ...descriptor(manifest), annotations }] };
  const text = (path: string, value: object): TarEntry => ({
    ...{ type: 'file', path, mode: 0o644 },
    content: Buffer.from(JSON.stringify(value)),
  });
  writeTar(path, [
    text('oci-layout', { imageLayoutVersion: '1.0.0' }),
    text('index.json', index),
    ...[config, manifest, ...layers].map(entryOf),
  ]);
}
