import type { Command } from 'commander';
import { InputError } from '../errors.js';
import { binaryResNetNames, createNetwork, networkNames } from '../models/create-network.js';
import { binaryResNetDepths } from '../models/depths.js';
import { networkCost } from '../models/network-cost.js';
import { predictStepMemory } from '../models/step-memory.js';
import { nearestNames } from '../nearest.js';
import { describeModel, type ModelDescription } from '../teacher/describe-model.js';
import { checkWhole } from '../training/check-whole.js';
import { resolveRecipe } from '../recipe/resolve-recipe.js';
import { defaultStage } from '../recipe/default-recipe.js';
import { gather, numberOf } from './arguments.js';

interface InspectFlags {
  readonly memory?: boolean;
  readonly batchSize: number;
  readonly classes: number;
  readonly size: number;
  readonly set?: readonly string[];
}

/** Adds `distill inspect`. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description(
      'Prints what an ONNX model takes and gives, its size, and the feature maps a teacher of it would give; or, of a student or a full-precision network, parameters and multiply-adds of 1 and of 32 bits layer by layer, or the memory of a training step.',
    )
    .argument('<model.onnx|card.yaml|student>', 'the model, a teacher card, or the name of a network')
    .option('--memory', 'predict the memory of a training step of a student, layer by layer (default: off)')
    .option('--batch-size <n>', 'pictures of that step', numberOf('--batch-size'), defaultStage.batchSize)
    .option('--classes <n>', 'classes of that student', numberOf('--classes'), 10)
    .option('--size <pixels>', 'side of its square pictures', numberOf('--size'), 32)
    .option(
      '--set <path=value>',
      'set one key of that student as in a recipe, as student.groups=2; once for each, not with --memory (default: none)',
      gather,
    )
    .action(async (name: string, flags: InspectFlags) => {
      if (flags.set !== undefined && (flags.memory === true || !networkNames.includes(name)))
        throw new InputError('--set is for the parameters and multiply-adds of a network.', {
          fix: `leave it out, or name one of ${networkNames.join(', ')} without --memory`,
        });
      const lines =
        flags.memory === true
          ? memory(name, flags)
          : networkNames.includes(name)
            ? await cost(name, flags)
            : describe(await describeModel(name));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

function describe(model: ModelDescription): string[] {
  const value = ({ name, dtype, shape }: ModelDescription['inputs'][number]): string =>
    `${name}  ${dtype} ${shape ? `[${shape.map((size) => size ?? '?').join(', ')}]` : 'of no stated shape'}`;
  return [
    `model       ${model.path} (${model.bytes.toLocaleString('en-US')} bytes)`,
    `sha256      ${model.sha256}`,
    `producer    ${model.producer === '' ? 'not said' : model.producer}`,
    `opset       ${model.opset} (IR version ${model.irVersion})`,
    ...model.inputs.map((input) => `input       ${value(input)}`),
    ...model.outputs.map((output) => `output      ${value(output)}`),
    `nodes       ${model.nodes.toLocaleString('en-US')}`,
    `parameters  ${model.parameters.toLocaleString('en-US')}`,
    ...model.externalFiles.map((file) => `weights in  ${file}`),
    `card        ${model.cardPath ?? 'none (draft one: distill card init <model>)'}`,
    ...model.taps.map(
      ({ name, tensor, shape }) => `tap         ${name}  ${shape.join('×')} (H×W×C)  ${tensor}`,
    ),
    ...(model.noTaps === undefined ? [] : [`taps        none: ${model.noTaps}`]),
  ];
}

function memory(name: string, { batchSize, classes, size }: InspectFlags): string[] {
  if (!binaryResNetNames.includes(name)) {
    throw new InputError(
      `--memory is for a binary ResNet, got '${name}'; expected one of ${binaryResNetNames.join(', ')}.`,
      { nearest: nearestNames(name, binaryResNetNames) },
    );
  }
  checkWhole('--batch-size', batchSize, 1);
  checkWhole('--classes', classes, 1);
  checkWhole('--size', size, 1);
  const depth = binaryResNetDepths[name as keyof typeof binaryResNetDepths];
  const step = predictStepMemory(depth, classes, batchSize, [size, size]);
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  const row = (...cells: string[]): string =>
    cells
      .map((cell, i) => (i < 2 ? cell.padEnd([12, 12][i]) : cell.padStart(14)))
      .join('')
      .trimEnd();
  return [
    `${name}, batch of ${batchSize} pictures of ${size}×${size}, native backend, without losses on feature maps`,
    row('layer', 'output', 'kept floats', 'kept bits'),
    ...step.layers.map(({ layer, output, floatBytes, bitBytes }) =>
      row(layer, output.join('×'), mib(floatBytes), mib(bitBytes)),
    ),
    `weights                    ${mib(step.parameterBytes)}`,
    `moments of Adam            ${mib(step.optimizerBytes)}`,
    `activations and gradients  ${mib(step.tensorBytes)} at the peak`,
    `peak of a step             ${mib(step.peakBytes)} (the process needs the memory of Node.js beside it)`,
  ];
}

async function cost(name: string, { classes, size, set = [] }: InspectFlags): Promise<string[]> {
  checkWhole('--classes', classes, 1);
  checkWhole('--size', size, 1);
  const { recipe } = await resolveRecipe({ sets: [...set, `student.name=${name}`] });
  const student = createNetwork(name, { ...recipe.student, classes, size: [size, size] });
  const { layers, total, packedBytes, floatBytes } = networkCost(student);
  student.dispose();
  const row = (...cells: string[]): string =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd([26, 14][i]) : cell.padStart(15))).join('');
  const counts = ({ binaryParameters, floatParameters, binaryMacs, floatMacs }: typeof total): string[] =>
    [binaryParameters, floatParameters, binaryMacs, floatMacs].map((count) => count.toLocaleString('en-US'));
  const share = (part: number, rest: number): string => `${((100 * part) / (part + rest)).toFixed(1)} %`;
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(3)} MB`;
  return [
    `${name}, one picture of ${size}×${size}, ${classes} classes; running statistics count as parameters`,
    row('layer', 'output', '1-bit', '32-bit', '1-bit MACs', '32-bit MACs'),
    ...layers.map((layer) => row(layer.name, layer.output.join('×'), ...counts(layer))),
    row('total', '', ...counts(total)),
    `1-bit   ${share(total.binaryParameters, total.floatParameters)} of the parameters, ${share(total.binaryMacs, total.floatMacs)} of the multiply-adds`,
    `bytes   ${mb(packedBytes)} with 1-bit weights as bits, ${mb(floatBytes)} as float32: ${(floatBytes / packedBytes).toFixed(1)} times as many`,
  ];
}
