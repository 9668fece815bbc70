import type { Dataset } from '../data/dataset.js';
import { fileOf, packFiles } from '../data/image-files.js';

/** The data set with its rows in order of their original indices, which is the order of a cache. */
export function orderedByIndex<D extends Dataset>(dataset: D): D {
  const { indices, labels, length } = dataset;
  if (indices.every((index, row) => row === 0 || indices[row - 1] < index)) return dataset;
  const order = Uint32Array.from({ length }, (_, row) => row).sort((a, b) => indices[a] - indices[b]);
  const rows = {
    indices: order.map((row) => indices[row]),
    labels: Int32Array.from(order, (row) => labels[row]),
  };
  if (!('pixels' in dataset)) {
    const paths = Array.from(order, (row) => fileOf(dataset.files, row));
    return { ...dataset, ...rows, files: packFiles(dataset.files.folder, paths) };
  }
  const { pixels } = dataset;
  const bytes = pixels.length / length;
  const sorted = new Uint8Array(new SharedArrayBuffer(pixels.length));
  order.forEach((row, n) => sorted.set(pixels.subarray(row * bytes, (row + 1) * bytes), n * bytes));
  return { ...dataset, ...rows, pixels: sorted };
}

/** A function from an original index to its row in an ordered data set; it gives −1 for an unknown index. */
export function rowFinder(ordered: Pick<Dataset, 'indices'>): (index: number) => number {
  const { indices } = ordered;
  const rows = new Int32Array((indices[indices.length - 1] ?? -1) + 1).fill(-1);
  indices.forEach((index, row) => (rows[index] = row));
  return (index) => rows[index] ?? -1;
}
