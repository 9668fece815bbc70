import type { Augmentation } from '../data/augmentation.js';
import type { Tap } from '../teacher/targets.js';
import { type Column, list, single } from './column.js';
import { viewColumns } from './view-columns.js';

/** What a cache stores for each view. */
export interface CacheContents {
  /** The type of logits, probabilities and maps. */
  readonly dtype: 'float16' | 'float32';
  /** The number of classes. */
  readonly classes: number;
  /** How many of the largest probabilities are stored; null for all logits. */
  readonly topK: number | null;
  /** Whether taps are stored as whole feature maps or as attention maps of one channel. */
  readonly maps: 'features' | 'attention';
  readonly taps: readonly Tap[];
}

/** Names of the columns that readers need. */
export const columnNames = {
  index: 'index',
  view: 'view',
  label: 'label',
  crc: 'crc32',
  logits: 'logits',
  topIndex: 'topk_index',
  topProbability: 'topk_probability',
} as const;

/** The name of a tap's column. */
export function mapColumnName({ maps }: Pick<CacheContents, 'maps'>, tap: Tap): string {
  return `${maps === 'features' ? 'feature' : 'attention'}_${tap.name}`;
}

/** A tap as the cache gives it: an attention map has one channel. */
export function storedTap({ maps }: Pick<CacheContents, 'maps'>, tap: Tap): Tap {
  return maps === 'features' ? tap : { ...tap, shape: [tap.shape[0], tap.shape[1], 1] };
}

/** All columns of a cache, in their order in the files. */
export function columnsOf(contents: CacheContents, augmentation: Augmentation): Column[] {
  const { dtype, classes, topK } = contents;
  return [
    single(columnNames.index, 'uint32', 'index of the picture in the original files of the data set'),
    single(columnNames.view, 'uint16', 'number of the view; with the index it determines the augmentation'),
    single(columnNames.label, 'int32', 'label, an index of the class names in manifest.json'),
    ...viewColumns(augmentation).map(({ column }) => column),
    single(
      columnNames.crc,
      'uint32',
      'CRC-32 (IEEE 802.3, as zlib) of the bytes of all other cells of the row, in the order of the columns',
    ),
    ...(topK === null
      ? [list(columnNames.logits, dtype, classes, "the teacher's logits, before softmax")]
      : [
          list(
            columnNames.topIndex,
            'uint16',
            topK,
            'classes of the largest probabilities, the largest first',
          ),
          list(columnNames.topProbability, dtype, topK, 'their probabilities, at temperature 1'),
        ]),
    ...contents.taps.map((tap) => {
      const [height, width, channels] = storedTap(contents, tap).shape;
      const what =
        contents.maps === 'features'
          ? `feature map of tensor ${tap.tensor}, ${height}x${width}x${channels} (height, width, channels), L2-normalised and multiplied by sqrt(height*width*channels)`
          : `attention map of tensor ${tap.tensor}, ${height}x${width} (height, width): square root of the mean over channels of the squares of the normalised feature map, whose mean square is 1`;
      return list(mapColumnName(contents, tap), dtype, height * width * channels, what);
    }),
  ];
}

/** Bytes of one row in all columns. */
export function rowBytes(columns: readonly Column[]): number {
  return columns.reduce((sum, { bytes }) => sum + bytes, 0);
}
