import { z } from "zod";
import { isFields } from "../state";
import { isUnknown } from "../unknown";
import { secret } from "./struct";

/** marking makes secrets of the values that a schema calls so, wherever a program gives them in clear. */
export function marking(schema: z.ZodType, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  if (schema.meta()?.secret === true) return isUnknown(value) ? value : secret(value);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return marking(schema.unwrap() as z.ZodType, value);
  if (schema instanceof z.ZodArray && Array.isArray(value))
    return value.map((item) => marking(schema.element as z.ZodType, item));
  if (!(schema instanceof z.ZodObject) || !isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const within = schema.shape[key];
      return [key, within === undefined ? inner : marking(within as z.ZodType, inner)];
    }),
  );
}
