/**
 * Request and answer pairs taken elsewhere from PostgREST's specifications: the shape of the file they lie in. The file
 * itself is no part of this repository.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const HeaderCheck = z.object({
  op: z.string(),
  name: z.string().optional(),
  value: z.string().optional(),
})
export type HeaderCheck = z.infer<typeof HeaderCheck>

const Case = z.object({
  file: z.string(),
  line: z.number(),
  name: z.string(),
  /** Steps of one group follow each other; the answer of one may be asked for by the next. */
  group: z.string(),
  step: z.number(),
  method: z.string(),
  path: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string().nullable(),
  body_b64: z.string().nullish(),
  config: z.record(z.string(), z.unknown()),
  config_key: z.string(),
  pending: z.unknown().optional(),
  expect_status: z.number().nullable(),
  expect_body: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('json'), value: z.unknown() }),
      z.object({ kind: z.literal('text'), value: z.string() }),
      z.object({ kind: z.literal('base64'), value: z.string() }),
    ])
    .nullable(),
  expect_headers: z.array(HeaderCheck),
  expect_extra: z.array(z.record(z.string(), z.unknown())),
})
export type Case = z.infer<typeof Case>

export type Settings = Record<string, unknown>
/** Cases that one start of the runtime can answer, in groups that keep their order. */
export type Configuration = { key: string; settings: Settings; groups: Case[][] }

export function readCases(file: string): Case[] {
  return z
    .array(Case)
    .parse(JSON.parse(readFileSync(file, 'utf8')))
    .filter(({ pending }) => !pending)
}

export function configurationsOf(
  cases: readonly Case[],
  settingsOf: (config: Case['config']) => Settings,
): Configuration[] {
  const alike = Map.groupBy(cases, ({ config_key, config }) => JSON.stringify([config_key, config]))
  return [...alike.values()].flatMap((all) => {
    const [first] = all
    if (!first) return []
    const groups = [...Map.groupBy(all, ({ group }) => group).values()]
    return [{ key: first.config_key, settings: settingsOf(first.config), groups }]
  })
}
