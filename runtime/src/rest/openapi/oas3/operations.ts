/** What an operation consists of, whatever it does: its id, its parameters, its answers, its sample. */
import { curlOf, type Sample } from './samples.ts'
import type { Dialect, Schema } from './schemas.ts'

export type Writing = {
  dialect: Dialect
  /** Without a slash at its end. */
  server: string
  /** Named in headers where there are several to choose from. */
  profile: { schema: string; chosen: boolean } | null
  /** Makes an operation's id, or a schema's name, one of a kind. */
  unique(wanted: string): string
  /** Names of the row schemas that were written, by table. */
  rows: ReadonlyMap<string, string>
}

export type Parameter = Readonly<Record<string, unknown>>

export type Operation = {
  id: string
  tag: string
  summary: string
  description?: string | null
  parameters: readonly Parameter[]
  body?: { type: string; schema: Schema; example: unknown }
  answers: Readonly<Record<string, unknown>>
  sample: Sample
}

export function operationOf(writing: Writing, operation: Operation): object {
  const { id, tag, summary, description, parameters, body, answers, sample } = operation
  return {
    operationId: writing.unique(id),
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    parameters: [...parameters, ...profileParameters(writing, sample)],
    ...(body && {
      requestBody: {
        required: true,
        content: { [body.type]: { schema: body.schema, example: body.example } },
      },
    }),
    responses: answers,
    'x-codeSamples': [
      { lang: 'Shell', label: 'cURL', source: curlOf(writing.server, withProfile(writing, sample)) },
    ],
  }
}

/** A body is told by `Content-Profile`, an answer by `Accept-Profile`. */
const profileHeader = ({ method }: Sample): string =>
  method === 'GET' ? 'Accept-Profile' : 'Content-Profile'

function profileParameters({ profile }: Writing, sample: Sample): Parameter[] {
  if (profile === null) return []
  const { schema, chosen } = profile
  return [
    {
      name: profileHeader(sample),
      in: 'header',
      description: 'Schema that is meant.',
      required: chosen,
      schema: { type: 'string', enum: [schema], default: schema },
      example: schema,
    },
  ]
}

const withProfile = ({ profile }: Writing, sample: Sample): Sample =>
  profile?.chosen
    ? { ...sample, headers: [...(sample.headers ?? []), [profileHeader(sample), profile.schema]] }
    : sample

export const header = (
  name: string,
  more: { description: string; example: string; fill?: boolean },
): Parameter => ({
  name,
  in: 'header',
  description: more.description,
  schema: { type: 'string', ...(more.fill ? { default: more.example } : {}) },
  example: more.example,
})

export const query = (
  name: string,
  more: { description: string; example: string; required?: boolean },
): Parameter => ({
  name,
  in: 'query',
  description: more.description,
  ...(more.required ? { required: true } : {}),
  schema: { type: 'string' },
  example: more.example,
})

/** A whole number; shown as one. */
export const count = (name: string, description: string, example: number): Parameter => ({
  name,
  in: 'query',
  description,
  schema: { type: 'integer', minimum: 0 },
  example,
})
