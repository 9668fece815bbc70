import type { Command } from 'commander';
import { evaluateModel } from '../evaluation/evaluate-model.js';
import { formatShare } from '../evaluation/accuracy.js';
import { WorkProgress } from './work-progress.js';
import { sharedOptions } from './shared-options.js';

interface EvalFlags {
  readonly model: string;
  readonly data?: string;
  readonly skipCorrupt?: boolean;
  readonly threads: number;
  readonly backend: string;
  readonly mean?: number[];
  readonly std?: number[];
}

/** Adds `distill eval`. */
export function addEvalCommand(program: Command, signal: AbortSignal): void {
  program
    .command('eval')
    .description('Prints top-1 and top-5 of a teacher or a student. Both are of the test split.')
    .requiredOption(
      '--model <file|run>',
      'an ONNX model, a teacher card, a run or a checkpoint. Of several models with commas between them the logits are averaged; of a run the best epoch is taken; a checkpoint is a .safetensors file',
    )
    .addOption(
      sharedOptions.data("$DISTILL_DATA, else that of the run, else the sample of the teacher's data set"),
    )
    .addOption(sharedOptions.skipCorrupt())
    .addOption(sharedOptions.mean())
    .addOption(sharedOptions.std())
    .addOption(sharedOptions.threads('student and teacher'))
    .addOption(sharedOptions.backend('a student'))
    .action(async (flags: EvalFlags) => {
      const onSkipped = (message: string): boolean => process.stderr.write(`left out: ${message}\n`);
      // The figures alone are the output.
      const progress = new WorkProgress(process.stderr, 'evaluating', 'images');
      const onProgress = (done: number, all: number): void => {
        progress.show(done, all);
      };
      const { top1, top5, total } = await evaluateModel(
        { ...flags, onSkipped },
        { signal, onProgress },
      ).finally(() => {
        progress.stop();
      });
      process.stdout.write(`top-1 ${formatShare(top1, total)}\ntop-5 ${formatShare(top5, total)}\n`);
    });
}
