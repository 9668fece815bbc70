import type { Command } from 'commander';
import { useBackend } from '../backends/use-backend.js';
import { InputError } from '../errors.js';
import { createNetwork, networkNames } from '../models/create-network.js';
import { networkCost } from '../models/network-cost.js';
import type { Network } from '../models/network.js';
import { defaultRecipe, defaultStage } from '../recipe/default-recipe.js';
import { resolveRecipe } from '../recipe/resolve-recipe.js';
import { describeModel, type ModelDescription } from '../teacher/describe-model.js';
import { checkWhole } from '../check-whole.js';
import { stepMemory } from '../evaluation/step-memory.js';
import { unknownName } from '../unknown-name.js';
import { numberOf } from './arguments.js';
import { sharedOptions } from './shared-options.js';

interface InspectFlags {
  readonly memory?: boolean;
  readonly recipe?: string;
  readonly set?: string[];
  readonly batchSize: number;
  readonly classes: number;
  readonly size: number;
}

/** Adds `distill inspect`. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description(
      'Describes a model, or the cost of a network. Of an ONNX model: what it takes and gives, its size, and the feature maps of a teacher of it. Of a network of any structure: parameters and multiply-adds of 1 and of 32 bits layer by layer, or the memory of a training step.',
    )
    .argument('[model.onnx|card.yaml|network]', 'an ONNX model, a card or a network; none with --recipe')
    .option('--recipe <name|file>', 'the student of this recipe')
    .addOption(sharedOptions.set('student.attention=se'))
    .option('--memory', 'predict the memory of a training step of a network, from steps of small batches')
    .option('--batch-size <n>', 'images of that step', numberOf('--batch-size'), defaultStage.batchSize)
    .option('--classes <n>', 'classes of the network', numberOf('--classes'), 10)
    .option('--size <pixels>', 'side of its square images', numberOf('--size'), 32)
    .action(async (name: string | undefined, flags: InspectFlags) => {
      checkOperands(name, flags);
      const lines =
        flags.memory === true
          ? await memory(name, flags)
          : name === undefined || networkNames.includes(name)
            ? await cost(name, flags)
            : describe(await describeModel(name));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

function checkOperands(name: string | undefined, { recipe, set }: InspectFlags): void {
  if ((name === undefined) === (recipe === undefined))
    throw new InputError(
      name === undefined
        ? 'no model, network or recipe was named.'
        : `both '${name}' and --recipe are given; expected one of them.`,
      { fix: 'name an ONNX model, a card or a network, or a recipe with --recipe' },
    );
  if (set && name !== undefined && !networkNames.includes(name))
    throw new InputError(`--set is of a network, and '${name}' is not the name of one.`, {
      fix: `name one of ${networkNames.join(', ')}`,
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

/** The network whose cost or memory is asked for, as a recipe or its name and `--set` say. */
async function inspected(
  name: string | undefined,
  { recipe: of, set = [], classes, size }: InspectFlags,
): Promise<{ title: string; network: Network }> {
  checkWhole('--classes', classes, 1);
  checkWhole('--size', size, 1);
  const losses = 'stages[0].losses={crossEntropy: {weight: 1, epsilon: 0.1}}';
  const sets = name === undefined ? set : [`student.name=${name}`, losses, ...set];
  const { recipe } = await resolveRecipe({ recipe: of, sets });
  const { name: architecture, ...structure } = recipe.student;
  return {
    title: [architecture, ...set].join(' '),
    network: createNetwork(architecture, { classes, size: [size, size], ...structure }),
  };
}

async function memory(name: string | undefined, flags: InspectFlags): Promise<string[]> {
  if (name !== undefined && !networkNames.includes(name)) throw unknownName('network', name, networkNames);
  const { batchSize, size } = flags;
  checkWhole('--batch-size', batchSize, 1);
  await useBackend('native', { threads: defaultRecipe.threads });
  const { title, network } = await inspected(name, flags);
  const step = stepMemory(network, batchSize);
  network.dispose();
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  const row = (part: string, output: string, kept: string): string =>
    `${part.padEnd(12)}${output.padEnd(14)}${kept.padStart(14)}`;
  return [
    `${title}, batch of ${batchSize} images of ${size}×${size}, native backend, without losses on feature maps`,
    row('part', 'output', 'kept'),
    ...step.parts.map(({ part, output, keptBytes }) => row(part, output.join('×'), mib(keptBytes))),
    `weights                    ${mib(step.parameterBytes)}`,
    `moments of Adam            ${mib(step.optimizerBytes)}`,
    `activations and gradients  ${mib(step.tensorBytes)} at the peak`,
    `peak of a step             ${mib(step.peakBytes)} (the process needs the memory of Node.js beside it)`,
  ];
}

async function cost(name: string | undefined, flags: InspectFlags): Promise<string[]> {
  const { classes, size } = flags;
  // Nothing is computed.
  await useBackend('cpu');
  const { title, network } = await inspected(name, flags);
  const { layers, total, packedBytes, floatBytes } = networkCost(network);
  network.dispose();
  const row = (...cells: string[]): string =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd([26, 14][i]) : cell.padStart(15))).join('');
  const counts = ({ binaryParameters, floatParameters, binaryMacs, floatMacs }: typeof total): string[] =>
    [binaryParameters, floatParameters, binaryMacs, floatMacs].map((count) => count.toLocaleString('en-US'));
  const share = (part: number, rest: number): string => `${((100 * part) / (part + rest)).toFixed(1)} %`;
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(3)} MB`;
  return [
    `${title}, one image of ${size}×${size}, ${classes} classes; running statistics count as parameters`,
    row('layer', 'output', '1-bit', '32-bit', '1-bit MACs', '32-bit MACs'),
    ...layers.map((layer) => row(layer.name, layer.output.join('×'), ...counts(layer))),
    row('total', '', ...counts(total)),
    `1-bit   ${share(total.binaryParameters, total.floatParameters)} of the parameters, ${share(total.binaryMacs, total.floatMacs)} of the multiply-adds`,
    `bytes   ${mb(packedBytes)} with 1-bit weights as bits, ${mb(floatBytes)} as float32: ${(floatBytes / packedBytes).toFixed(1)} times as many`,
  ];
}
