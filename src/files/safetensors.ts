import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { writeFileAtomically } from './atomic-write.js';

/** A float32 tensor with its shape, in row-major order. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The contents of a safetensors file. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const count = z.int().nonnegative();
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(count),
  data_offsets: z.tuple([count, count]),
});
const metadataSchema = z.record(z.string(), z.string());
const headerSchema = z.object({ __metadata__: metadataSchema.optional() }).catchall(entrySchema);

type HeaderEntry = z.infer<typeof entrySchema>;

/** Writes a safetensors file; see {@link safetensorsParts}. */
export async function writeSafetensors(path: string, file: TensorFile): Promise<void> {
  await writeFileAtomically(path, safetensorsParts(file));
}

/**
 * The bytes of a file in the safetensors format: the length of the header in eight bytes (little-endian), the
 * header in JSON (padded with spaces to a multiple of eight bytes), then the float32 values of each tensor in
 * turn.
 */
export function safetensorsParts({ tensors, metadata }: TensorFile): Uint8Array[] {
  const header: Record<string, HeaderEntry | Readonly<Record<string, string>>> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: 'F32', shape: [...shape], data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const data = [...tensors.values()].map(
    ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  return [length, padded, ...data];
}

/**
 * Reads a safetensors file of float32 tensors.
 *
 * @throws InputError if the file is missing, damaged or has another type
 */
export async function readSafetensors(path: string): Promise<TensorFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new InputError(`cannot read the checkpoint ${path}: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  return parseSafetensors(path, bytes);
}

/**
 * Parses the bytes of a safetensors file of float32 tensors.
 *
 * @param path for messages
 * @throws InputError if they are damaged or have another type
 */
export function parseSafetensors(path: string, bytes: Buffer): TensorFile {
  const damaged = (why: string, cause?: unknown): InputError =>
    new InputError(`${path} is not a whole safetensors file: ${why}.`, { cause });
  if (bytes.length < 8) throw damaged(`it has ${bytes.length} bytes`);
  const headerLength = Number(bytes.readBigUInt64LE());
  if (headerLength > bytes.length - 8) throw damaged('its header is cut off');
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength));
  } catch (error) {
    throw damaged('its header is not JSON', error);
  }
  const header = headerSchema.safeParse(json);
  if (!header.success) {
    throw damaged(
      `its header is wrong at ${header.error.issues[0].path.join('.') || 'the top'}`,
      header.error,
    );
  }
  const { __metadata__: metadata = {}, ...entries } = header.data;
  const tensors = new Map<string, NamedTensor>();
  for (const [name, { dtype, shape, data_offsets: span }] of Object.entries<HeaderEntry>(entries)) {
    const size = shape.reduce((all, length) => all * length, 1);
    if (dtype !== 'F32') throw new InputError(`${path} holds '${name}' as ${dtype}; expected F32.`);
    if (span[1] - span[0] !== size * 4)
      throw damaged(`'${name}' has ${span[1] - span[0]} bytes for ${size} values`);
    const start = 8 + headerLength + span[0];
    if (start + size * 4 > bytes.length) throw damaged(`'${name}' is cut off`);
    // A copy, since the values may start at an offset that is not aligned for float32.
    const values = new Float32Array(size);
    new Uint8Array(values.buffer).set(bytes.subarray(start, start + size * 4));
    tensors.set(name, { shape, values });
  }
  return { tensors, metadata };
}
