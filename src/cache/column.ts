/** The number types of a cache, by their names in Arrow. */
export type NumberType = 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'float16' | 'float32';

/** Bytes of a number. */
export const bytesOf: Readonly<Record<NumberType, number>> = {
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float16: 2,
  float32: 4,
};

/** A column of a cache. Each row has a number or a list of fixed length, and never null. */
export interface Column {
  readonly name: string;
  readonly type: NumberType;
  /** The length of each list; null for a column of single numbers. */
  readonly list: number | null;
  /** Bytes of each row. */
  readonly bytes: number;
  /** Meaning, shape and unit, for readers of the file. */
  readonly description: string;
}

/** A column of single numbers. */
export const single = (name: string, type: NumberType, description: string): Column => ({
  name,
  type,
  list: null,
  bytes: bytesOf[type],
  description,
});

/** A column of lists of the same length. */
export const list = (name: string, type: NumberType, length: number, description: string): Column => ({
  name,
  type,
  list: length,
  bytes: length * bytesOf[type],
  description,
});
