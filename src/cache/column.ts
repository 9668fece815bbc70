/** The types of numbers in a cache, by their names in Arrow. */
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

/** A column of a cache: a number, or a list of a fixed length, for each row. It is never null. */
export interface Column {
  readonly name: string;
  readonly type: NumberType;
  /** Numbers of a list; null for a column of single numbers. */
  readonly list: number | null;
  /** Bytes of a row. */
  readonly bytes: number;
  /** What a stranger must know: meaning, shape and unit. */
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

/** A column of lists of one length. */
export const list = (name: string, type: NumberType, length: number, description: string): Column => ({
  name,
  type,
  list: length,
  bytes: length * bytesOf[type],
  description,
});
