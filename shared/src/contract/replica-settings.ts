/** How many runtimes answer for a project at once. Between the two, control decides by what they have to do. */
import { z } from 'zod'

export const REPLICAS_MAX = 8

const count = z.int().min(1).max(REPLICAS_MAX).default(1)

export const ReplicaSettings = z
  .object({ min: count, max: count })
  .refine(({ min, max }) => min <= max, { path: ['max'], error: 'must not be below min' })
export type ReplicaSettings = z.infer<typeof ReplicaSettings>
