import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tensorboardHeader, tensorboardRecord } from '../../src/run/tensorboard.js';
import { scratchFolder } from '../files/scratch.js';
import { stagedRuns } from './staged-runs.js';

interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly version: string;
  readonly scalars: Record<string, number>;
}

const reader = fileURLToPath(new URL('./read_events.py', import.meta.url));
const python = ['/usr/bin/python3', 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import google.protobuf'], { stdio: 'ignore' }).status === 0,
);
const folder = scratchFolder();

function read(path: string): ReadEvent[] {
  const { stdout, stderr, status } = spawnSync(python!, [reader, path], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return JSON.parse(stdout) as ReadEvent[];
}

it('frames a record as TFRecord does: length, its checksum, message, its checksum', () => {
  const record = Buffer.from(tensorboardHeader(1.5));
  // double wall_time = 1.5; string file_version = 'brain.Event:2'. The checksums are those of a bitwise CRC-32C, masked.
  expect(record.toString('hex')).toBe(
    '1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a32' +
      record.subarray(-4).toString('hex'),
  );
  expect(record).toHaveLength(12 + 24 + 4);
});

describe.skipIf(!python)(
  `read by Google's protocol buffers${python ? '' : ' (needs python3-protobuf)'}`,
  () => {
    it('events have the values that were written, to float32', () => {
      const events = [
        { wallTime: 1.7e9, step: 1, scalars: { 'loss/total': 2.5, 'loss/kl': 1e-8 } },
        { wallTime: 1.7e9 + 0.25, step: 2 ** 40, scalars: { lr: 0.1, 'ü/→': -Math.PI } },
        { wallTime: 0, step: 0, scalars: {} },
      ];
      const path = join(folder, 'events');
      writeFileSync(path, Buffer.concat([tensorboardHeader(5), ...events.map(tensorboardRecord)]));
      const rounded = events.map(({ scalars, ...event }) => ({
        ...event,
        version: '',
        scalars: Object.fromEntries(Object.entries(scalars).map(([tag, value]) => [tag, Math.fround(value)])),
      }));
      expect(read(path)).toEqual([
        { wallTime: 5, step: 0, version: 'brain.Event:2', scalars: {} },
        ...rounded,
      ]);
    });

    const { staged, run } = stagedRuns();

    it('a run has the figures of its metrics', async () => {
      const { directory } = await run(
        staged({ epochs: 2, statistics: { every: 3 } }, { binary: 'activations' }),
      );
      const [name] = readdirSync(join(directory, 'tensorboard'));
      const [, ...events] = read(join(directory, 'tensorboard', name));
      const lines = readFileSync(join(directory, 'metrics.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map(
          (line) =>
            JSON.parse(line) as Record<string, number> & { event: string; terms: Record<string, number> },
        );
      const steps = lines.filter(({ event }) => event === 'step');
      const ofSteps = events.filter(({ scalars }) => 'loss/total' in scalars);
      expect(ofSteps.map(({ step }) => step)).toEqual(steps.map((_, n) => n + 1));
      ofSteps.forEach(({ scalars }, n) => {
        expect(scalars['loss/total']).toBe(Math.fround(steps[n]['loss']));
        expect(scalars['loss/kl']).toBe(Math.fround(steps[n].terms['kl']));
        expect(scalars['lr']).toBe(Math.fround(steps[n]['lr']));
      });
      const flips = lines
        .filter(({ event }) => event === 'layer')
        .map((line) => Math.fround(line['flipRatio']));
      expect(flips.length).toBeGreaterThan(0);
      const tags = events.flatMap(({ scalars }) => Object.entries(scalars));
      expect(tags.filter(([tag]) => tag.endsWith('/flipRatio')).map(([, value]) => value)).toEqual(flips);
      const epochs = lines
        .filter(({ event }) => event === 'epoch')
        .map((line) => Math.fround(line['top1Percent']));
      expect(tags.filter(([tag]) => tag === 'epoch/validationTop1Percent').map(([, value]) => value)).toEqual(
        epochs,
      );
    });
  },
);
