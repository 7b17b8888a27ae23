/** What the tests read of the CLI's and API's answers, written down apart from the product's own schemas. */
import { z } from 'zod'

export const Created = z.object({
  ref: z.string(),
  name: z.string(),
  status: z.string(),
  url: z.string(),
  anon_key: z.string(),
  service_role_key: z.string(),
})
export type Created = z.infer<typeof Created>

export const ProjectFacts = z.object({
  ref: z.string(),
  status: z.string(),
  desired: z.string(),
  generation: z.number(),
})

export const BackupFacts = z.object({ id: z.string(), bytes: z.number().positive() })

export const StatusFacts = z.object({
  control_url: z.string(),
  domain: z.string(),
  edge_url: z.string(),
  version: z.string(),
})

export const QueryAnswer = z.object({
  results: z.array(z.object({ columns: z.array(z.string()), rows: z.array(z.array(z.unknown())) })),
})
