/** What operations answer: rows, nothing, or an error in the one shape that all errors below `/rest/v1` have. */
import type { Schema } from './schemas.ts'

const ERRORS = {
  BadRequest: [400, 'The request, or a value in it, cannot be understood.', 'PGRST100'],
  Unauthorized: [401, 'No key, or one that is not valid any more.', 'PGRST301'],
  Forbidden: [403, 'The role of the key may not do this; row-level security counts too.', '42501'],
  NotFound: [404, 'No such table, view or function.', 'PGRST205'],
  Conflict: [409, 'A key is taken already, or points at nothing.', '23505'],
  RangeNotSatisfiable: [416, 'The range begins after the last row.', 'PGRST103'],
} as const

type ErrorName = keyof typeof ERRORS

const ERROR_SCHEMA: Schema = {
  type: 'object',
  description: 'What went wrong: a code that stays the same, and words for people.',
  required: ['code', 'message', 'details', 'hint'],
  properties: {
    code: { type: 'string', description: 'PostgREST’s code, or Postgres’ SQLSTATE.', example: 'PGRST100' },
    message: { type: 'string', example: 'The request cannot be understood.' },
    details: { description: 'More of it; null where there is no more.', example: 'unexpected "x"' },
    hint: { description: 'How to mend it; null where nobody knows.', example: 'Look at the filter.' },
  },
}

/** Parts that all operations share. Only answers refer to them. */
export const sharedAnswers = {
  schemas: { Error: ERROR_SCHEMA },
  responses: Object.fromEntries(
    Object.entries(ERRORS).map(([name, [, description, code]]) => [
      name,
      {
        description,
        content: {
          'application/json': {
            schema: { $ref: '#/components/schemas/Error' },
            example: { code, message: description, details: null, hint: null },
          },
        },
      },
    ]),
  ),
}

export const errors = (...names: ErrorName[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [ERRORS[name][0], { $ref: `#/components/responses/${name}` }]))

const HEADERS = {
  'Content-Range': {
    description: 'First and last row, and how many there are when a count was asked for.',
    schema: { type: 'string' },
    example: '0-9/42',
  },
}

export const json = (description: string, schema: Schema, more: { ranged?: boolean } = {}): object => ({
  description,
  ...(more.ranged ? { headers: HEADERS } : {}),
  content: { 'application/json': { schema } },
})

export const nothing = (description: string): object => ({ description })
