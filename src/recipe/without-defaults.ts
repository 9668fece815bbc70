import { z } from 'zod';

/** The type without defaults in it: a key that had one may be left out, and stays out of what is parsed. */
export function withoutDefaults(type: z.ZodType): z.ZodType {
  if (type instanceof z.ZodDefault || type instanceof z.ZodPrefault)
    return z.optional(withoutDefaults(type.unwrap() as z.ZodType));
  const inner = (part: z.core.$ZodType): z.ZodType => withoutDefaults(part as z.ZodType);
  if (type instanceof z.ZodObject) {
    const shape = Object.entries(type.shape).map(([key, part]) => [key, inner(part)] as const);
    return z.core.clone(type, { ...type.def, shape: Object.fromEntries(shape) });
  }
  if (type instanceof z.ZodArray) return z.core.clone(type, { ...type.def, element: inner(type.element) });
  if (type instanceof z.ZodRecord)
    return z.core.clone(type, { ...type.def, valueType: inner(type.valueType) } as typeof type.def);
  if (type instanceof z.ZodNullable || type instanceof z.ZodOptional)
    return z.core.clone(type, {
      ...type.def,
      innerType: inner(type.unwrap()),
    } as typeof type.def) as z.ZodType;
  return type;
}
