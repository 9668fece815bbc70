import { open } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { writeError } from '../files/atomic-write.js';

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Bytes that wait before they are written, and the longest that they do. */
const bufferBytes = 1 << 16;
const bufferMs = 1000;

/**
 * A file that only grows. What is appended waits in memory until there is enough of it or a second is over. A run that goes
 * on from an earlier moment cuts off what came after it.
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
   * Opens the file, and makes it where it is not there.
   *
   * @param position the bytes to keep; default 0
   * @throws InputError if it has fewer bytes, or cannot be written; RunError for any other failure
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

  /** The bytes of the file, those that wait included. */
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

  /** Writes what waits. */
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

  /** Writes what waits, and makes it last. */
  async sync(): Promise<void> {
    await this.flush();
    try {
      await this.file.datasync();
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.file.close();
    }
  }
}
