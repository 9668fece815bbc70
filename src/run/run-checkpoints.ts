import { createHash } from 'node:crypto';
import { link, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { makeDirectory, syncDirectory, writeError, writeFileAtomically } from '../files/atomic-write.js';
import { type NamedTensor, parseSafetensors, safetensorsParts } from '../files/safetensors.js';

/** The format version of checkpoints. */
const formatVersion = 1;
/** The number of checkpoints that are kept. */
const kept = 2;

const recordSchema = z.strictObject({
  format: z.literal(formatVersion),
  tensors: z.strictObject({ bytes: z.int(), sha256: z.string() }),
  /** Files of students in the folder that the checkpoint needs. */
  students: z.array(z.string()),
  state: z.unknown(),
});
const fileSchema = z.strictObject({ sha256: z.string(), record: recordSchema });

/** A checkpoint that was read. */
export interface ReadCheckpoint {
  readonly number: number;
  readonly path: string;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly state: unknown;
}

/**
 * The checkpoints from which a run can be resumed. Each has two files: `checkpoints/<number>.safetensors`
 * with the tensors, and `<number>.json` with everything else and the checksums of both. The second is written
 * last, so that a checkpoint is complete if it exists. The last two are kept, with the students that they
 * name.
 */
export class RunCheckpoints {
  #last: number;

  private constructor(
    readonly folder: string,
    last: number,
  ) {
    this.#last = last;
  }

  /** Opens the checkpoints of a run directory, which may have none yet. */
  static async open(runDirectory: string): Promise<RunCheckpoints> {
    const folder = join(runDirectory, 'checkpoints');
    await makeDirectory(folder);
    return new RunCheckpoints(folder, Math.max(0, ...(await numbersIn(folder))));
  }

  /**
   * Writes a checkpoint, and removes old ones.
   *
   * @param students files of students in the folder that it needs
   * @throws RunError for a full disk or another failure; earlier checkpoints are not affected
   */
  async save(
    tensors: ReadonlyMap<string, NamedTensor>,
    state: object,
    students: readonly string[],
  ): Promise<string> {
    const name = nameOf(this.#last + 1);
    const path = join(this.folder, `${name}.safetensors`);
    const metadata = { format: String(formatVersion), kind: 'training state' };
    const parts = safetensorsParts({ tensors, metadata });
    await writeFileAtomically(path, parts);
    const record = {
      format: formatVersion,
      tensors: { bytes: parts.reduce((sum, { length }) => sum + length, 0), sha256: digestOf(...parts) },
      students,
      state,
    };
    const file = { sha256: digestOf(Buffer.from(JSON.stringify(record))), record };
    await writeFileAtomically(join(this.folder, `${name}.json`), `${JSON.stringify(file)}\n`);
    this.#last++;
    await this.#prune();
    return path;
  }

  /**
   * Finds the newest undamaged checkpoint. The next ones that are written replace those after it.
   *
   * @returns the checkpoint, if there is one, and a sentence for each damaged one after it
   */
  async newest(): Promise<{ checkpoint: ReadCheckpoint | undefined; damaged: string[] }> {
    const damaged: string[] = [];
    for (const number of (await numbersIn(this.folder)).sort((a, b) => b - a)) {
      try {
        const checkpoint = await this.#read(number);
        this.#last = number;
        return { checkpoint, damaged };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        damaged.push(error.message);
      }
    }
    return { checkpoint: undefined, damaged };
  }

  /**
   * Links a student of the folder to a public path, such as `best.safetensors`.
   *
   * @throws RunError if that fails
   */
  async publish(student: string, path: string): Promise<void> {
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      await rm(temporary, { force: true });
      await link(join(this.folder, student), temporary);
      await rename(temporary, path);
      await syncDirectory(dirname(path));
    } catch (error) {
      throw writeError(path, error);
    }
  }

  async #read(number: number): Promise<ReadCheckpoint> {
    const record = await readRecord(this.folder, number);
    const path = join(this.folder, `${nameOf(number)}.safetensors`);
    const bytes = await readFile(path).catch((error: unknown) => {
      throw new InputError(`cannot read ${path}: ${(error as Error).message}.`, { cause: error });
    });
    if (bytes.length !== record.tensors.bytes || digestOf(bytes) !== record.tensors.sha256)
      throw new InputError(`${path} does not have its checksum.`);
    const { tensors } = parseSafetensors(path, bytes);
    return { number, path, tensors, state: record.state };
  }

  async #prune(): Promise<void> {
    const numbers = (await numbersIn(this.folder)).filter((number) => number <= this.#last);
    const keptNumbers = numbers.sort((a, b) => b - a).slice(0, kept);
    const needed = new Set<string>();
    for (const number of keptNumbers) {
      needed.add(`${nameOf(number)}.json`).add(`${nameOf(number)}.safetensors`);
      // A damaged checkpoint needs no student.
      const read = await readRecord(this.folder, number).catch(() => undefined);
      for (const student of read?.students ?? []) needed.add(student);
    }
    for (const name of await readdir(this.folder))
      if (!needed.has(name)) await rm(join(this.folder, name), { force: true });
  }
}

/**
 * The state, without tensors, in the newest undamaged record of a run's checkpoints; undefined if there is
 * none.
 */
export async function newestState(runDirectory: string): Promise<unknown> {
  const folder = join(runDirectory, 'checkpoints');
  const numbers = await numbersIn(folder).catch(() => []);
  for (const number of numbers.sort((a, b) => b - a)) {
    const record = await readRecord(folder, number).catch(() => undefined);
    if (record) return record.state;
  }
  return undefined;
}

async function readRecord(folder: string, number: number): Promise<z.infer<typeof recordSchema>> {
  const path = join(folder, `${nameOf(number)}.json`);
  try {
    const text: unknown = JSON.parse(await readFile(path, 'utf8'));
    const file = fileSchema.parse(text);
    // The digest is of the parsed text, whose keys are in the order in which they were written.
    if (digestOf(Buffer.from(JSON.stringify((text as typeof file).record))) !== file.sha256)
      throw new Error('it does not have its checksum');
    return file.record;
  } catch (error) {
    const why =
      error instanceof z.ZodError ? 'it is not a checkpoint of this version' : (error as Error).message;
    throw new InputError(`${path} is damaged: ${why}.`, { cause: error });
  }
}

function nameOf(number: number): string {
  return String(number).padStart(6, '0');
}

async function numbersIn(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((name) =>
    /^\d{6}\.json$/.test(name) ? [Number(name.slice(0, 6))] : [],
  );
}

function digestOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
