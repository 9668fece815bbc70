import { crc32c } from '@node-rs/crc32';
import protobuf from 'protobufjs/minimal.js';

/** An event of a TensorBoard file. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** The step of the run, from 1. */
  readonly step: number;
  /** Values by tag, such as `loss/total`. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** The first record of an event file. */
export function tensorboardHeader(wallTime: number): Uint8Array {
  const event = new protobuf.Writer().uint32(tag(1, fixed64)).double(wallTime);
  return recordOf(event.uint32(tag(3, lengthDelimited)).string('brain.Event:2').finish());
}

/**
 * An event with scalars as a record of a TensorBoard file: the message `Event` {double wall_time = 1; int64
 * step = 2; Summary summary = 5}, with `Summary` {repeated Value value = 1} and `Value` {string tag = 1;
 * float simple_value = 2}, in the framing of TFRecord: length (uint64), its checksum, the message, its
 * checksum, all little-endian.
 */
export function tensorboardRecord({ wallTime, step, scalars }: ScalarEvent): Uint8Array {
  const event = new protobuf.Writer().uint32(tag(1, fixed64)).double(wallTime);
  event.uint32(tag(2, varint)).int64(step);
  event.uint32(tag(5, lengthDelimited)).fork();
  for (const [name, value] of Object.entries(scalars)) {
    event.uint32(tag(1, lengthDelimited)).fork();
    event.uint32(tag(1, lengthDelimited)).string(name);
    event.uint32(tag(2, fixed32)).float(value).ldelim();
  }
  return recordOf(event.ldelim().finish());
}

// Wire types of protocol buffers.
const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

function recordOf(message: Uint8Array): Uint8Array {
  const record = Buffer.alloc(12 + message.length + 4);
  record.writeBigUInt64LE(BigInt(message.length));
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8);
  record.set(message, 12);
  record.writeUInt32LE(maskedCrc(message), 12 + message.length);
  return record;
}

/** The masked CRC-32C of TFRecord: rotated, plus a constant. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
