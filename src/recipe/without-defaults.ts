import { z } from 'zod';

/** The type without defaults in it: a key that had one may be left out, and stays out of what is parsed. */
export function withoutDefaults(type: z.ZodType): z.ZodType {
  const within = (part: z.core.$ZodType): z.ZodType => withoutDefaults(part as z.ZodType);
  const { def } = (type as unknown as z.core.$ZodTypes)._zod;
  if (def.type === 'default' || def.type === 'prefault') return z.optional(within(def.innerType));
  if (def.type === 'optional' || def.type === 'nullable')
    return changed(type, { innerType: within(def.innerType) });
  if (def.type === 'array') return changed(type, { element: within(def.element) });
  if (def.type === 'record') return changed(type, { valueType: within(def.valueType) });
  if (def.type !== 'object') return type;
  const shape = Object.entries(def.shape).map(([key, part]) => [key, within(part)] as const);
  return changed(type, { shape: Object.fromEntries(shape) });
}

/** The type with some parts replaced; its checks and messages stay. */
function changed(type: z.ZodType, parts: object): z.ZodType {
  return z.core.clone(type, { ...type.def, ...parts });
}
