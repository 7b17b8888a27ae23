/** A project's schema, as programs and tools want it: types of a language, or the description of its API. */
import type { ApiQuery, TypesQuery, TypesResult } from '@cascata/shared/contract/descriptions'
import { SchemaUnknown } from '@cascata/shared/problems/database'
import { renderTypes } from '../typegen/render.ts'
import { whileAwake } from './awake.ts'
import type { Caller } from './caller.ts'
import type { AppDeps } from './ports.ts'

export const descriptionCases = (deps: AppDeps) => ({
  async types(caller: Caller, ref: string, { included_schemas }: TypesQuery): Promise<TypesResult> {
    const catalog = await whileAwake(deps, { caller, ref }, () => deps.sql.catalog(ref, included_schemas))
    const missing = included_schemas.filter((name) => !catalog.schemas.includes(name))
    if (missing.length > 0) throw SchemaUnknown(missing)
    return { types: renderTypes(catalog) }
  },

  async api(caller: Caller, ref: string, asked: ApiQuery): Promise<Record<string, unknown>> {
    return whileAwake(deps, { caller, ref }, () => deps.describeApi(ref, asked))
  },
})
