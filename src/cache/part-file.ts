import { createHash } from 'node:crypto';
import { constants, writeSync } from 'node:fs';
import { open, type FileHandle, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../errors.js';
import { syncDirectory, writeError } from '../files/atomic-write.js';
import { type CacheFormat, crcColumn, type PartEnvelope, type PartPlan } from './cache-format.js';
import { columnNames } from './columns.js';
import { rowCrc } from './row-codec.js';

/** Bytes that are read or hashed at a time. */
const chunkBytes = 2 ** 20;

/** The file name of an incomplete part. */
export function partialName(name: string): string {
  return `${name}.partial`;
}

/**
 * A part that is being written, under another name until it is complete. The place of every row is known from
 * the start, so that rows may be written in any order. Rows of a killed process are found by their checksums.
 */
export class PartFile {
  /** 1 for each row that is written. */
  readonly #present: Uint8Array;
  #missing: number;

  private constructor(
    private readonly directory: string,
    readonly plan: PartPlan,
    private readonly envelope: PartEnvelope,
    private readonly format: CacheFormat,
    private readonly file: FileHandle,
  ) {
    this.#present = new Uint8Array(plan.rows);
    this.#missing = plan.rows;
  }

  /**
   * Opens a part and finds the rows that are already written.
   *
   * @param indices original index of each row of the part
   */
  static async open(
    directory: string,
    plan: PartPlan,
    envelope: PartEnvelope,
    format: CacheFormat,
    indices: Uint32Array,
  ): Promise<PartFile> {
    const path = join(directory, partialName(plan.name));
    try {
      // It is complete, but the process was killed before it could write the manifest.
      if (await exists(join(directory, plan.name))) await rename(join(directory, plan.name), path);
      const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
      const part = new PartFile(directory, plan, envelope, format, file);
      await part.#recover(indices);
      return part;
    } catch (error) {
      throw writeError(path, error);
    }
  }

  /** Whether all rows are written. */
  get isFull(): boolean {
    return this.#missing === 0;
  }

  /** The number of rows that are written. */
  get rowsPresent(): number {
    return this.plan.rows - this.#missing;
  }

  /** Whether a row is written. */
  has(row: number): boolean {
    return this.#present[row] === 1;
  }

  /** Whether all rows of a record batch are written. */
  hasBatch(batch: number): boolean {
    const first = batch * this.format.rowsPerBatch;
    const { rows } = this.envelope.layout.body(batch);
    return !this.#present.subarray(first, first + rows).includes(0);
  }

  /** The number of rows of a record batch. */
  rowsOfBatch(batch: number): number {
    return this.envelope.layout.body(batch).rows;
  }

  /** Writes the body of a record batch. */
  async writeBatch(batch: number, body: Uint8Array): Promise<void> {
    await this.#write(body, this.envelope.layout.bodyOffset(batch));
    const first = batch * this.format.rowsPerBatch;
    for (let row = first; row < first + this.rowsOfBatch(batch); row++) this.#mark(row);
  }

  /**
   * Writes one row. The writes are synchronous, since they are too small for other threads.
   *
   * @param cells the bytes of each column in order
   */
  writeRow(row: number, cells: readonly Uint8Array[]): void {
    const { layout } = this.envelope;
    // The checksum comes last: a row without it does not count.
    const crcAt = crcColumn(this.format.columns);
    const columns = [...cells.keys()].filter((column) => column !== crcAt);
    try {
      for (const column of [...columns, crcAt])
        writeFully(this.file.fd, cells[column], layout.cell(row, column));
    } catch (error) {
      throw writeError(join(this.directory, this.plan.name), error);
    }
    this.#mark(row);
  }

  /**
   * Completes the file: writes everything around the record batches, syncs it, and gives it its final name.
   *
   * @returns its size, its SHA-256, and that of the bytes after the last record batch
   */
  async seal(): Promise<{ bytes: number; sha256: string; footerSha256: string }> {
    const { layout, fileHead, batchHead, fileTail } = this.envelope;
    await this.#write(fileHead, 0);
    for (let batch = 0; batch < layout.batches; batch++)
      await this.#write(batchHead(batch), layout.batchOffset(batch));
    await this.#write(fileTail, layout.batchOffset(layout.batches));
    const bytes = layout.batchOffset(layout.batches) + fileTail.length;
    try {
      await this.file.truncate(bytes);
      await this.file.sync();
      const sha256 = await sha256OfFile(this.file, bytes);
      await rename(join(this.directory, partialName(this.plan.name)), join(this.directory, this.plan.name));
      await syncDirectory(this.directory);
      return { bytes, sha256, footerSha256: createHash('sha256').update(fileTail).digest('hex') };
    } catch (error) {
      throw writeError(join(this.directory, this.plan.name), error);
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  #mark(row: number): void {
    if (this.#present[row] === 1) return;
    this.#present[row] = 1;
    this.#missing--;
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;)
        done += (await this.file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    } catch (error) {
      throw writeError(join(this.directory, this.plan.name), error);
    }
  }

  /** Marks the rows whose checksum, index and view are right. */
  async #recover(indices: Uint32Array): Promise<void> {
    const { layout } = this.envelope;
    const { columns } = this.format;
    const { size } = await this.file.stat();
    const [indexAt, viewAt] = [columnNames.index, columnNames.view].map((name) => this.format.column(name));
    const crcAt = crcColumn(columns);
    let body = Buffer.alloc(0);
    for (let batch = 0; batch < layout.batches; batch++) {
      const start = layout.bodyOffset(batch);
      if (start >= size) return;
      const bodyLayout = layout.body(batch);
      if (body.length !== bodyLayout.bytes) body = Buffer.alloc(bodyLayout.bytes);
      body.fill(0);
      await readFully(this.file, body, start);
      for (let row = 0; row < bodyLayout.rows; row++) {
        const at = batch * this.format.rowsPerBatch + row;
        const crc = body.readUInt32LE(bodyLayout.offsets[crcAt] + 4 * row);
        if (
          body.readUInt32LE(bodyLayout.offsets[indexAt] + 4 * row) === indices[at] &&
          body.readUInt16LE(bodyLayout.offsets[viewAt] + 2 * row) === this.plan.view &&
          crc === rowCrc(columns, crcAt, body, bodyLayout, row)
        )
          this.#mark(at);
      }
    }
  }
}

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

/** Fills `into` from `position` on, as far as the file goes. */
async function readFully(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/**
 * SHA-256 of the first `bytes` bytes of a file.
 *
 * @throws RunError if it is shorter
 */
export async function sha256OfFile(file: FileHandle, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (let position = 0; position < bytes;) {
    const part = chunk.subarray(0, Math.min(chunkBytes, bytes - position));
    const { bytesRead } = await file.read(part, 0, part.length, position);
    if (bytesRead === 0) throw new RunError(`the file ended after ${position} of ${bytes} bytes.`);
    hash.update(part.subarray(0, bytesRead));
    position += bytesRead;
  }
  return hash.digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
