/** Which attributes of a provider become which claims: as GoTrue stores it in `saml_providers.attribute_mapping`. */
import { z } from 'zod'

const KEYS_MAX = 100
const name = () => z.string().max(500)

const AttributeSource = z.object({
  name: name().nullish(),
  /** The first of them that is there. */
  names: z.array(name()).max(20).nullish(),
  default: z.json().optional(),
  /** All its values, where it has several. */
  array: z.boolean().nullish(),
})

export const AttributeMapping = z.object({
  keys: z
    .record(z.string().min(1).max(100), AttributeSource)
    .refine((keys) => Object.keys(keys).length <= KEYS_MAX, `must have ${KEYS_MAX} keys at most`)
    .nullish(),
})
export type AttributeMapping = z.infer<typeof AttributeMapping>

/** Of a row, which may have come with a dump: what cannot be read maps nothing. */
export const readMapping = (stored: unknown): AttributeMapping =>
  AttributeMapping.safeParse(stored).data ?? {}
