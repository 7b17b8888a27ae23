/** A project's schema, as programs and tools want it: types of a language, or the description of its API. */
import type { ApiQuery, TypesQuery, TypesResult } from '@cascata/shared/contract/descriptions'
import { SchemaUnknown } from '@cascata/shared/problems/database'
import { renderTypes } from '../typegen/render.ts'
import { assertAwake } from './awake.ts'
import type { Caller } from './caller.ts'
import type { AppDeps } from './ports.ts'

export const descriptionCases = ({ store, sql, describeApi }: AppDeps) => ({
  async types(caller: Caller, ref: string, { included_schemas }: TypesQuery): Promise<TypesResult> {
    await assertAwake(store, caller, ref)
    const catalog = await sql.catalog(ref, included_schemas)
    const missing = included_schemas.filter((name) => !catalog.schemas.includes(name))
    if (missing.length > 0) throw SchemaUnknown(missing)
    return { types: renderTypes(catalog) }
  },

  async api(caller: Caller, ref: string, asked: ApiQuery): Promise<Record<string, unknown>> {
    await assertAwake(store, caller, ref)
    return describeApi(ref, asked)
  },
})
