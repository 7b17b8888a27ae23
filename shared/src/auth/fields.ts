/** What the parts of the auth settings have in common: how long a time, a count and a secret may be. */
import { z } from 'zod'

const DAY_S = 86_400

/** A secret: sealed at rest, never shown. */
export const Secret = z.string().min(1).max(10_000)

export const HttpUrl = z.url({ protocol: /^https?$/ }).max(2_000)

/** A time in seconds, of a year at most. */
export const seconds = () =>
  z
    .int()
    .min(1)
    .max(365 * DAY_S)

/** How often something may happen. */
export const count = () => z.int().min(1).max(1_000_000)

/** Digits of a code; GoTrue's bounds. */
export const otpLength = () => z.int().min(6).max(10)

/** At most a day: a code is short. */
export const otpExpiryS = () => z.int().min(10).max(DAY_S)

/** One or none for each of these names. Others are left out, so that an older runtime reads what a newer control writes. */
export function perName<Name extends string, Value extends z.ZodType>(
  names: z.ZodEnum<{ [Each in Name]: Each }>,
  value: Value,
) {
  const fields = names.options.map((name) => [name, value.exactOptional()])
  return z.object(Object.fromEntries(fields) as Record<Name, z.ZodExactOptional<Value>>)
}
