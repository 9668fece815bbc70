/**
 * The part of the protobuf wire format that is needed to read the fields of a message without its schema, and
 * to append fields. A message is a sequence of (key, value); the key is a varint of (field number << 3 | wire
 * type).
 */

/** The encoding of a value: a varint, eight bytes, a length and that many bytes, or four bytes. */
export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** One field of a message. `bytes` is a view of the message, not a copy; only varints have a `value`. */
export interface WireField {
  readonly number: number;
  readonly type: number;
  readonly value: number;
  readonly bytes: Uint8Array;
  /** Offset of the key in the message, in bytes. */
  readonly offset: number;
}

/** The bytes are not a message: they end too early (`ended`), or something in them is impossible. */
export class WireError extends Error {
  override readonly name = 'WireError';
  constructor(
    readonly ended: boolean,
    readonly offset: number,
    message: string,
  ) {
    super(message);
  }
}

const nothing = new Uint8Array(0);

/**
 * The fields of a message in order.
 *
 * @throws WireError if the bytes end inside a field, or a wire type does not exist
 */
export function* wireFields(message: Uint8Array): Generator<WireField> {
  let at = 0;
  while (at < message.length) {
    const offset = at;
    const key = readVarint(message, at);
    at = key.next;
    const number = Math.floor(key.value / 8);
    const type = key.value % 8;
    let value = 0;
    let bytes: Uint8Array = nothing;
    if (type === WireType.varint) {
      ({ value, next: at } = readVarint(message, at));
    } else {
      let length: number;
      if (type === WireType.bytes) ({ value: length, next: at } = readVarint(message, at));
      else if (type === WireType.fixed64) length = 8;
      else if (type === WireType.fixed32) length = 4;
      else
        throw new WireError(
          false,
          offset,
          `field ${number} at byte ${offset} has the unknown wire type ${type}`,
        );
      if (length < 0 || at + length > message.length)
        throw new WireError(
          true,
          offset,
          `field ${number} at byte ${offset} needs more bytes than there are`,
        );
      bytes = message.subarray(at, at + length);
      at += length;
    }
    if (number === 0) throw new WireError(false, offset, `byte ${offset} starts a field numbered 0`);
    yield { number, type, value, bytes, offset };
  }
}

/** The integers of a repeated field: one varint, or several packed into bytes. */
export function wireIntegers(field: WireField): number[] {
  if (field.type === WireType.varint) return [field.value];
  const values: number[] = [];
  for (let at = 0; at < field.bytes.length;) {
    const { value, next } = readVarint(field.bytes, at);
    values.push(value);
    at = next;
  }
  return values;
}

const utf8 = new TextDecoder();

/** A field's bytes as UTF-8. */
export function wireText(field: WireField): string {
  return utf8.decode(field.bytes);
}

/** The bytes of one length-delimited field. */
export function encodeBytesField(number: number, bytes: Uint8Array): Uint8Array {
  return concatenate([encodeVarint(number * 8 + WireType.bytes), encodeVarint(bytes.length), bytes]);
}

/** The bytes of an unsigned varint, for integers from 0 to 2⁵³ − 1. */
export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
  return Uint8Array.from(bytes);
}

/** Joins all parts in a new array. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A varint as a number (exact to 2⁵³). Negative int64 values take ten bytes, in two's complement. */
function readVarint(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    if (at + i >= bytes.length) throw new WireError(true, at, `the number at byte ${at} does not end`);
    const byte = bytes[at + i];
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value: i === 9 ? negative(bytes, at) : value, next: at + i + 1 };
  }
  throw new WireError(false, at, `the number at byte ${at} is longer than ten bytes`);
}

function negative(bytes: Uint8Array, at: number): number {
  let value = 0n;
  for (let i = 0; i < 10; i++) value |= BigInt(bytes[at + i] & 127) << BigInt(7 * i);
  return Number(BigInt.asIntN(64, value));
}
