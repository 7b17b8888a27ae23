/** A function call as SQL; a scalar comes back in a column of its own. */
import { empty, ident, join, raw, type Sql, sql } from '@cascata/shared/sql'
import type { Call } from '../plan/types.ts'
import { COMMA, nameToSql } from './fields.ts'
import { BODY, bodyToSql, returnedToSql } from './write.ts'

/** Seen by callers: the header of a scalar's CSV, as PostgREST has it. */
export const SCALAR = 'pgrst_scalar'

export function callToSql({ routine, input, returning }: Call): Sql {
  const scalar = !routine.returns.composite
  const call = (args: Sql): Sql =>
    scalar
      ? sql`(select ${nameToSql(routine)}(${args}) as ${ident(SCALAR)}) pgrst_call`
      : sql`${nameToSql(routine)}(${args}) pgrst_call`
  const columns = scalar ? ident('pgrst_call', SCALAR) : returnedToSql('pgrst_call', returning)
  const spread = (variadic: boolean): Sql => (variadic ? raw('variadic ') : empty)
  switch (input.kind) {
    case 'none':
      return sql`select ${columns} from ${call(empty)}`
    case 'whole':
      return sql`select ${columns} from ${call(sql`${input.value}::${raw(input.type)}`)}`
    case 'named': {
      const args = input.args.map(
        ({ argument, value }) =>
          sql`${spread(argument.variadic)}${ident(argument.name)} := ${value}::${raw(argument.openType)}`,
      )
      return sql`select ${columns} from ${call(join(args, COMMA))}`
    }
    case 'json': {
      const rows = bodyToSql({
        body: input.body,
        object: input.object,
        columns: input.arguments.map(({ name, openType }) => ({
          name,
          type: openType,
          default: null,
          transform: null,
        })),
        defaults: false,
        single: true,
      })
      const args = input.arguments.map(
        ({ name, variadic }) => sql`${spread(variadic)}${ident(name)} := ${ident(BODY, name)}`,
      )
      return sql`select ${columns} ${rows}, lateral ${call(join(args, COMMA))}`
    }
  }
}
