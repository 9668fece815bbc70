import type { Command } from 'commander';
import { writeDraftCard } from '../teacher/draft-card.js';

/** Adds `distill card init`. */
export function addCardCommand(program: Command): void {
  program
    .command('card')
    .description('Drafts the card of a teacher. A card says what ONNX does not.')
    .command('init')
    .description(
      'Drafts the card of an ONNX model, in a file beside it. Complete it, then name the card or the model as --teacher.',
    )
    .argument('<model.onnx>', 'the model')
    .action(async (model: string) => {
      process.stdout.write(`${await writeDraftCard(model)}\n`);
    });
}
