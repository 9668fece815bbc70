import type { Command } from 'commander';
import { type ExportedTeacher, exportTeacher, type ExportSettings } from '../export/export-teacher.js';
import { formatShare } from '../evaluation/accuracy.js';
import { dataOfModel } from '../evaluation/evaluate-model.js';
import { checkpointOf } from '../run/initial-student.js';
import { sharedOptions } from './shared-options.js';
import { WorkProgress } from './work-progress.js';

interface ExportFlags {
  readonly model: string;
  readonly out: string;
  readonly data?: string;
  readonly threads: number;
  readonly backend: string;
}

/** Adds `distill export`. */
export function addExportCommand(program: Command, signal: AbortSignal): void {
  program
    .command('export')
    .description(
      'Writes a full-precision network as an ONNX teacher. The model gets a card, once ONNX Runtime has answered the test split as the network does.',
    )
    .requiredOption('--model <run|checkpoint>', 'a run, of which the best epoch is taken, or a checkpoint')
    .requiredOption('--out <file.onnx>', 'the model; its card goes beside it')
    .addOption(sharedOptions.data('$DISTILL_DATA, else that of the run'))
    .addOption(sharedOptions.threads('the network and ONNX Runtime'))
    .addOption(sharedOptions.backend('the network'))
    .action(async (flags: ExportFlags) => {
      const data = await dataOfModel(flags);
      await exportAndPrint({ ...flags, data, checkpoint: await checkpointOf(flags.model) }, { signal });
    });
}

/** Exports a network, showing how far the comparison is, and prints what was written. */
export async function exportAndPrint(
  settings: ExportSettings,
  { signal, json = false }: { readonly signal: AbortSignal; readonly json?: boolean },
): Promise<void> {
  const progress = new WorkProgress(process.stderr, 'comparing', 'images');
  const onProgress = (done: number, total: number): void => {
    progress.show(done, total);
  };
  const exported = await exportTeacher(settings, { signal, onProgress }).finally(() => {
    progress.stop();
  });
  const shown = json ? JSON.stringify({ kind: 'exported', ...exported }) : linesOf(exported).join('\n');
  process.stdout.write(`${shown}\n`);
}

function linesOf({ model, card, accuracy, ownAccuracy, largestDifference }: ExportedTeacher): string[] {
  return [
    `model    ${model}`,
    `card     ${card}`,
    `ONNX     test top-1 ${formatShare(accuracy.top1, accuracy.total)}; the network itself ${formatShare(ownAccuracy.top1, ownAccuracy.total)}; logits differ by at most ${largestDifference.toExponential(1)}`,
  ];
}
