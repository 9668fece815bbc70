import { InputError } from '../errors.js';

/** A parser of a flag's number that names the flag and the value it cannot read. */
export function numberOf(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value))
      throw new InputError(`${flag} must be a number, got '${text}'.`);
    return value;
  };
}

/** A parser of comma-separated numbers. */
export function numbersOf(flag: string): (text: string) => number[] {
  const one = numberOf(flag);
  return (text) => text.split(',').map(one);
}

/** A parser of three comma-separated numbers, one for each of red, green and blue. */
export function coloursOf(flag: string): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').map(Number);
    if (values.length !== 3 || values.some((value) => !Number.isFinite(value))) {
      throw new InputError(`${flag} must be three numbers for red, green and blue, got '${text}'.`, {
        fix: `write for instance ${flag} 0.485,0.456,0.406`,
      });
    }
    return values;
  };
}

/** Gathers a flag that may be given several times. */
export function gather(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
