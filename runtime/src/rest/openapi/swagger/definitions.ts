/** Tables as Swagger definitions. Keys are told in descriptions, with marks that clients of PostgREST look for. */
import type { ApiDescription, DescribedColumn, DescribedTable } from '../description.ts'
import { defaultJson, schemaOf } from './types.ts'

declare global {
  // Of ES2026; Node has it, TypeScript's library does not yet.
  interface JSON {
    /** Stands for this text where JSON is written. */
    rawJSON(text: string): object
  }
}

export const definitionsOf = ({ schema, tables }: ApiDescription): Record<string, object> =>
  Object.fromEntries(tables.map((table) => [table.name, definitionOf(schema, table)]))

function definitionOf(schema: string, table: DescribedTable): object {
  const required = table.columns.flatMap(({ name, nullable }) => (nullable ? [] : [name]))
  const properties = table.columns.map((column) => [column.name, propertyOf(schema, table, column)])
  return {
    ...(table.comment === null ? {} : { description: table.comment }),
    ...(required.length === 0 ? {} : { required }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    type: 'object',
  }
}

function propertyOf(schema: string, table: DescribedTable, column: DescribedColumn): object {
  const { comment, format, maxLength, values, base } = column
  const notes = notesOf(schema, table, column)
  const description = notes.length === 0 ? comment : [comment, ['Note:', ...notes].join('\n')]
  const standIn = column.default === null ? undefined : defaultJson(format, column.default)
  return {
    ...(description === null ? {} : { description: paragraphs(description) }),
    // Not parsed: a bigint would lose its last digits on the way.
    ...(standIn === undefined ? {} : { default: JSON.rawJSON(standIn) }),
    ...(values.length === 0 || base.endsWith('[]') ? {} : { enum: values }),
    ...(maxLength === null ? {} : { maxLength }),
    ...schemaOf(format),
  }
}

const paragraphs = (text: string | (string | null)[]): string =>
  typeof text === 'string' ? text : text.filter((part) => part !== null).join('\n\n')

function notesOf(schema: string, { primaryKey, foreignKeys }: DescribedTable, { name }: DescribedColumn) {
  const foreign = foreignKeys.find(
    ({ columns, to }) => columns.length === 1 && columns[0] === name && to.schema === schema,
  )
  const table = foreign?.to.name
  const column = foreign?.toColumns[0]
  return [
    ...(primaryKey.includes(name) ? ['This is a Primary Key.<pk/>'] : []),
    ...(foreign === undefined
      ? []
      : [`This is a Foreign Key to \`${table}.${column}\`.<fk table='${table}' column='${column}'/>`]),
  ]
}
