import { z } from 'zod'

/** A host name as DNS has it, in lower case; `localhost` is one. */
export const Domain = z
  .string()
  .max(253)
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'a domain is made of labels of a-z, 0-9 and "-", parted by dots',
  )
  .brand<'Domain'>()
export type Domain = z.infer<typeof Domain>
