/**
 * The paths of a data set's images, packed into shared memory. A thread reads them there; otherwise an epoch
 * of ImageNet would copy over a million strings to it.
 */
export interface ImageFiles {
  /** The folder that the paths are relative to. */
  readonly folder: string;
  /** All paths in UTF-8 without separators, in shared memory. */
  readonly text: Uint8Array;
  /** Where the path of each row ends in `text`, in shared memory. */
  readonly ends: Uint32Array;
}

/** Packs paths, one for each row. */
export function packFiles(folder: string, paths: readonly string[]): ImageFiles {
  const bytes = paths.map((path) => Buffer.from(path));
  const ends = new Uint32Array(new SharedArrayBuffer(4 * paths.length));
  let end = 0;
  bytes.forEach(({ length }, row) => (ends[row] = end += length));
  const text = new Uint8Array(new SharedArrayBuffer(end));
  bytes.forEach((path, row) => text.set(path, ends[row] - path.length));
  return { folder, text, ends };
}

/** The path of a row's image, relative to the folder. */
export function fileOf({ text, ends }: ImageFiles, row: number): string {
  return Buffer.from(text.slice(row === 0 ? 0 : ends[row - 1], ends[row])).toString();
}
