/** As much of an OpenAPI document as the tests look at. */
export type Schema = { type?: unknown; properties?: Record<string, Schema>; [more: string]: unknown }

export type Operation = {
  operationId: string
  tags: string[]
  description?: string
  security?: object[]
  parameters: { name: string; in: string; required?: boolean; example?: unknown }[]
  requestBody?: { content: Record<string, { schema: Schema; example?: unknown }> }
  responses: Record<string, unknown>
  'x-codeSamples': { lang: string; source: string }[]
}

export type Document = {
  openapi: string
  info: { title: string }
  servers: { url: string }[]
  tags: { name: string }[]
  security: object[]
  paths: Record<string, Partial<Record<'get' | 'post' | 'put' | 'patch' | 'delete', Operation>>>
  components: { schemas: Record<string, Schema> }
}

/** Of tables and functions: what else the project has stands beside it. */
export const restPathsOf = ({ paths }: Document): Document['paths'] =>
  Object.fromEntries(
    Object.entries(paths)
      .filter(([path]) => path.startsWith('/rest/v1/'))
      .map(([path, item]) => [path.slice('/rest/v1'.length), item]),
  )

export const restOperationsOf = (document: Document) =>
  operationsOf({ ...document, paths: restPathsOf(document) })

export const operationsOf = (document: Document): { path: string; verb: string; operation: Operation }[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([verb, operation]) => ({ path, verb, operation })),
  )
