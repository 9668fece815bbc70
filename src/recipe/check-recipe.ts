import { parseDataSpec } from '../data/data-spec.js';
import { checkMix, mixes } from '../data/mix.js';
import { checkEffects } from '../data/view-effects.js';
import { InputError } from '../errors.js';
import type { KeyPath } from '../files/checked-yaml.js';
import { taughtLosses } from '../losses/loss-needs.js';
import { checkLossSettings, checkOption, checkOptions } from '../losses/loss-settings.js';
import {
  checkBlock,
  checkedStructure,
  checkGroupsOfLevels,
  defaultStructure,
  structureKeys,
  widened,
} from '../models/structure.js';
import { binaryDepthOf, isFullPrecision, isVggSmall, studentNames } from '../models/create-network.js';
import { SignGradient } from '../nn/sign-gradient.js';
import { gradientSteps } from '../optim/gradient-steps.js';
import { createOptimizer, optimizerOf } from '../optim/optimizers/create-optimizer.js';
import { createSchedule } from '../optim/schedules/create-schedule.js';
import { defaultStage } from './default-recipe.js';
import type { Recipe, Stage } from './recipe.js';
import { stageLosses } from './stage-losses.js';

/**
 * Refuses values out of range and settings that do not go together, as far as the recipe alone shows them.
 *
 * @param placeOf where a setting comes from; the message starts with it
 * @throws InputError for the first thing that is wrong
 */
export function checkRecipe(recipe: Recipe, placeOf?: (path: KeyPath) => string): void {
  const check = checkerAt(placeOf);
  const { data, testResize, stages } = recipe;
  if (data !== '') check(['data'], () => void parseDataSpec(data));
  if (testResize !== null && !(testResize >= 1 && Number.isFinite(testResize)))
    check(['testResize'], () => fail(`testResize must be a finite number of at least 1, got ${testResize}.`));
  // First each key alone, so that the message says where the key was written; then all together.
  for (const key of structureKeys)
    check(['student', key], () => void checkedStructure({ [key]: recipe.student[key] }));
  check(['student'], () => void checkedStructure(recipe.student));
  const depth = binaryDepthOf(recipe.student.name);
  if (depth !== undefined) {
    const { width, groups } = recipe.student;
    check(['student', 'width'], () => void widened(depth, width));
    check(['student', 'groups'], () => checkGroupsOfLevels(widened(depth, width), groups));
  }
  const { momentum } = recipe.student.batchNorm;
  check(['student', 'batchNorm'], () => {
    if (!(momentum > 0 && momentum <= 1))
      fail(`the momentum of BatchNorm must be in (0, 1], got ${momentum}.`);
  });
  stages.forEach((stage, i) => {
    const at = (...keys: string[]): KeyPath => ['stages', i, ...keys];
    const twin = stages.findIndex(({ name }) => name === stage.name);
    if (twin < i)
      check(at('name'), () =>
        fail(`two stages have the name '${stage.name}'; expected each to have its own.`),
      );
    if (i === 0)
      for (const key of ['initFrom', 'teacher'] as const)
        if (stage[key] === 'previous')
          check(at(key), () => fail(`the first stage has no stage before it, and its ${key} is 'previous'.`));
    checkStage(stage, at, check);
    checkKind(recipe.student, stage, at, check);
  });
}

/** The keys of a structure that only the blocks of a residual network have. */
const ofBlocks = ['block', 'skip', 'downsample', 'attention', 'groups'] as const;

/** Refuses settings of binary layers for a full-precision network, and those of a full-precision one for a binary network. */
function checkKind(
  { name, ...structure }: Recipe['student'],
  stage: Stage,
  at: (...keys: string[]) => KeyPath,
  check: Check,
): void {
  if (name === '') return;
  if (isVggSmall(name))
    for (const key of ofBlocks)
      check(['student', key], () => {
        if (structure[key] !== defaultStructure[key])
          fail(
            `the setting ${key} '${structure[key]}' is of a residual network, and ${name} is none.`,
            'leave it out',
          );
      });
  const { binary, signGradient, activation, optimizer } = stage;
  if (!isFullPrecision(name)) {
    const depth = binaryDepthOf(name);
    if (depth) check(['student', 'block'], () => checkBlock(name, depth, structure.block));
    check(at('activation'), () => {
      if (activation !== defaultStage.activation)
        fail(`the activation '${activation}' is of a full-precision network, and ${name} is binary.`);
    });
    return;
  }
  const onlyBinary: readonly [key: string, isSet: boolean, what: string][] = [
    ['binary', binary !== defaultStage.binary, `binary '${binary}'`],
    ['signGradient', signGradient !== defaultStage.signGradient, `the sign gradient '${signGradient}'`],
    [
      'optimizer',
      optimizerOf(optimizer.name).onlyBinaryWeights === true,
      `the optimizer '${optimizer.name}'`,
    ],
    ['optimizer', optimizer.clipLatent === true, 'the clipping of latent weights'],
  ];
  for (const [key, isSet, what] of onlyBinary)
    check(at(key), () => {
      if (isSet) fail(`${what} is of a binary network, and ${name} has full precision.`, 'leave it out');
    });
  for (const key of [...ofBlocks, 'firstLayer', 'lastLayer'] as const)
    check(['student', key], () => {
      if (structure[key] !== defaultStructure[key])
        fail(
          `the setting ${key} '${structure[key]}' is of a binary network, and ${name} has full precision.`,
          'leave it out',
        );
    });
}

type Check = (path: KeyPath, test: () => void) => void;

function fail(message: string, fix?: string): never {
  throw new InputError(message, fix === undefined ? {} : { fix });
}

function checkStage(stage: Stage, at: (...keys: string[]) => KeyPath, check: Check): void {
  const { optimizer, schedule, epochs, binary, average, generations, teacher, cache } = stage;
  const { lr, ...options } = optimizer;
  check(at('schedule'), () => void createSchedule({ ...schedule, lr, epochs }));
  check(at('optimizer'), () => {
    const made = createOptimizer(options);
    try {
      gradientSteps(made, stage.gradient).dispose();
    } finally {
      made.dispose();
    }
    if (optimizerOf(options.name).onlyBinaryWeights === true && binary === 'activations')
      fail(
        `the optimizer '${options.name}' flips binary weights, and with binary '${binary}' there are none.`,
      );
  });
  check(at('signGradient'), () => new SignGradient(stage.signGradient).checkUseWith(binary));
  check(at('mix'), () => checkMix(stage.mix));
  check(at('augmentation'), () => checkEffects(stage.augmentation ?? {}));
  if (average !== null && !(average.decay < 1))
    check(at('average', 'decay'), () =>
      fail(`the decay of the weights' average must be below 1, got ${average.decay}.`),
    );
  checkLosses(stage, at, check);
  if (cache !== null && (teacher === null || teacher === 'previous')) {
    check(at('cache'), () =>
      fail(
        `the cache ${cache} is filled by a model, and the teacher is ${teacher ?? 'none'}.`,
        'name a model as the teacher, or leave the cache out',
      ),
    );
  }
  if (generations > 1 && taughtLosses(stageLosses(stage)).length === 0) {
    check(at('generations'), () =>
      fail(
        `${generations} generations teach one another, and no loss of the stage needs a teacher.`,
        'give a loss such as refinery a weight, or leave generations out',
      ),
    );
  }
  if (generations > 1 && mixes(stage.mix) && cache !== null)
    check(at('generations'), () =>
      fail('a cache holds the answers of the first teacher only, and later generations have others.'),
    );
}

function checkLosses(stage: Stage, at: (...keys: string[]) => KeyPath, check: Check): void {
  const losses = stageLosses(stage);
  for (const setting of losses) {
    const { name, options } = setting;
    for (const [option, value] of Object.entries(options))
      check(at('losses', name, option), () => checkOption(name, option, value));
    check(at('losses', name), () => checkOptions(setting));
  }
  check(at('losses'), () => checkLossSettings(losses));
}

/**
 * Refuses a recipe that lacks what every run needs: a student, data, and a teacher where a loss needs one.
 *
 * @throws InputError for the first thing that is missing
 */
export function checkRunnable({ student, data, stages }: Recipe): void {
  if (student.name === '') {
    throw new InputError(`no student was named; expected one of ${studentNames.join(', ')}.`, {
      fix: 'name one, for instance `student.name: bnn-resnet20`',
    });
  }
  if (data === '') throw new InputError('no data was named.', { fix: 'add `data: <kind>:<folder>`' });
  for (const stage of stages) {
    const taught = taughtLosses(stageLosses(stage));
    if (stage.teacher !== null || taught.length === 0) continue;
    const names = taught.map(({ name }) => name);
    const where = stages.length > 1 ? ` of stage '${stage.name}'` : '';
    throw new InputError(`the losses ${names.join(', ')}${where} need a teacher, and none was given.`, {
      fix: `name one, \`teacher: <model.onnx|card.yaml>\`, or train without: ${names.map((name) => `\`losses.${name}.weight: 0\``).join(' ')}`,
    });
  }
}

/** Whether a setting comes from a flag or a field of its own. */
export function isFlag(origin: string): boolean {
  return /^(--|`(?!sets: ))/.test(origin);
}

/** Runs checks and puts in front of their errors where the setting was written. */
function checkerAt(placeOf: ((path: KeyPath) => string) | undefined): Check {
  return (path, test) => {
    try {
      test();
    } catch (error) {
      if (!(error instanceof InputError) || placeOf === undefined) throw error;
      const place = placeOf(path);
      // The message names the flag itself.
      if (place === 'default' || isFlag(place)) throw error;
      const { nearest, fix } = error;
      throw new InputError(`${place}: ${error.message}`, {
        nearest,
        ...(fix === undefined ? {} : { fix }),
        cause: error,
      });
    }
  };
}
