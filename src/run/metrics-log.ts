import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '../files/atomic-write.js';
import { tensorboardHeader, tensorboardRecord } from './tensorboard.js';
import { AppendedFile } from './appended-file.js';
import {
  epochMetrics,
  type EpochPlace,
  epochRow,
  epochColumns,
  epochScalars,
  layerMetrics,
  layerScalars,
  stepMetrics,
  stepScalars,
} from './metrics.js';
import type { EpochReport } from './run-events.js';
import type { StageTitle } from './stage-title.js';
import type { StepReport } from '../training/trainer.js';

/** The length of each file of metrics in bytes, by its path in the run directory. */
export type MetricsPositions = Readonly<Record<string, number>>;

const jsonLines = 'metrics.jsonl';
const epochs = 'epochs.csv';
const eventsFolder = 'tensorboard';

/**
 * The metrics of a run in three forms: `metrics.jsonl` (every step, layer record and epoch), `epochs.csv` and
 * an event file for TensorBoard. A resumed run cuts them off at the position of its checkpoint, so that
 * nothing is missing or written twice.
 */
export class MetricsLog {
  private constructor(
    private readonly files: ReadonlyMap<string, AppendedFile>,
    private readonly events: string,
    private readonly terms: readonly string[],
  ) {}

  /**
   * @param directory of the run
   * @param terms the names of the losses of all stages, which have columns in epochs.csv
   * @param positions of a run that is resumed; undefined for a new one
   * @throws InputError for a file that is shorter than its position, or a directory that cannot be written
   */
  static async open(
    directory: string,
    terms: readonly string[],
    positions?: MetricsPositions,
  ): Promise<MetricsLog> {
    await makeDirectory(join(directory, eventsFolder));
    const now = Date.now() / 1000;
    const known = Object.keys(positions ?? {}).find((name) => name.startsWith(`${eventsFolder}/`));
    const events = known ?? `${eventsFolder}/events.out.tfevents.${Math.floor(now)}.${hostname()}`;
    const files = new Map<string, AppendedFile>();
    for (const name of [jsonLines, epochs, events])
      files.set(name, await AppendedFile.open(join(directory, name), positions?.[name] ?? 0));
    const log = new MetricsLog(files, events, terms);
    if (!positions) {
      await log.#append(events, tensorboardHeader(now));
      await log.#append(epochs, csvLine(epochColumns(terms)));
    }
    return log;
  }

  /**
   * Writes the metrics of a step.
   *
   * @param runStep the step of the whole run, from 1
   */
  async step(report: StepReport, title: StageTitle, runStep: number): Promise<void> {
    await this.#append(jsonLines, jsonLine({ event: 'step', split: 'train', ...stepMetrics(report, title) }));
    for (const line of layerMetrics(report, title))
      await this.#append(jsonLines, jsonLine({ event: 'layer', split: 'train', ...line }));
    await this.#scalars(runStep, { ...stepScalars(report), ...layerScalars(report) });
  }

  /**
   * Writes the metrics of an epoch.
   *
   * @param place the epochs and steps of the whole run so far
   */
  async epoch(report: EpochReport, place: EpochPlace): Promise<void> {
    const line = { event: 'epoch', split: 'validation', ...epochMetrics(report) };
    await this.#append(jsonLines, jsonLine(line));
    await this.#append(epochs, csvLine(epochRow(report, place, this.terms)));
    await this.#scalars(place.step, epochScalars(report));
  }

  /** The lengths of the files. */
  positions(): MetricsPositions {
    return Object.fromEntries([...this.files].map(([name, file]) => [name, file.position]));
  }

  /** Writes the buffered metrics and syncs the files. */
  async sync(): Promise<void> {
    for (const file of this.files.values()) await file.sync();
  }

  async close(): Promise<void> {
    for (const file of this.files.values()) await file.close();
  }

  async #scalars(step: number, scalars: Readonly<Record<string, number>>): Promise<void> {
    await this.#append(this.events, tensorboardRecord({ wallTime: Date.now() / 1000, step, scalars }));
  }

  async #append(name: string, bytes: Uint8Array): Promise<void> {
    await this.files.get(name)!.append(bytes);
  }
}

function jsonLine(line: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(line)}\n`);
}

function csvLine(cells: readonly (string | number | boolean)[]): Uint8Array {
  return Buffer.from(`${cells.join(',')}\n`);
}
