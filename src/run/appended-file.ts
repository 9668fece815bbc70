import { open } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { writeError } from '../files/atomic-write.js';

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Bytes that are buffered before they are written. */
const bufferBytes = 1 << 16;
/** The longest time that bytes are buffered. */
const bufferMs = 1000;

/**
 * A file that only grows. Appended bytes are buffered until there are enough of them or a second is over. A
 * run that is resumed from a checkpoint cuts off what was written after it.
 */
export class AppendedFile {
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #flushed = performance.now();

  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private written: number,
  ) {}

  /**
   * Opens the file, and makes it if necessary.
   *
   * @param position the bytes to keep; default 0
   * @throws InputError if it has fewer bytes or cannot be written; RunError for any other failure
   */
  static async open(path: string, position = 0): Promise<AppendedFile> {
    try {
      const file = await open(path, position === 0 ? 'w' : 'r+');
      try {
        const { size } = await file.stat();
        if (size < position) throw new InputError(`${path} has ${size} bytes, and had ${position} before.`);
        await file.truncate(position);
        return new AppendedFile(path, file, position);
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      throw error instanceof InputError ? error : writeError(path, error);
    }
  }

  /** The length of the file in bytes, including buffered ones. */
  get position(): number {
    return this.written + this.#waitingBytes;
  }

  /** @throws RunError for a full disk or another failure */
  async append(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    const isLong = performance.now() - this.#flushed >= bufferMs;
    if (isLong || this.#waitingBytes >= bufferBytes) await this.flush();
  }

  /** Writes the buffered bytes. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#flushed = performance.now();
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.file.write(bytes, done, bytes.length - done, this.written);
        done += bytesWritten;
        this.written += bytesWritten;
      }
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Writes the buffered bytes and syncs the file. */
  async sync(): Promise<void> {
    await this.flush();
    try {
      await this.file.datasync();
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Writes the buffered bytes and closes the file. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.file.close();
    }
  }
}
