/** What stands beside the REST API in a project's document. Its own service describes it; here it is only put in. */
import type { Dialect } from './schemas.ts'

export type Asked = {
  dialect: Dialect
  /** The URL that paths are below of, without a slash at its end. */
  server: string
  /** Whose view it is; null where privileges do not count. */
  role: string | null
}

/** Names are its own, paths are whole. The same question is to have the same object for an answer. */
export type Described = {
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, object>>
  readonly schemas: Readonly<Record<string, object>>
  readonly responses: Readonly<Record<string, object>>
}

export type Neighbour = (asked: Asked) => Promise<Described>

/**
 * A document of the whole project begins above `/rest/v1`. Where a proxy has the REST API at another place nobody knows
 * what else is behind it: the document is of the REST API alone then.
 *
 * @param prefix of the REST API, as the project itself has it.
 */
export function splitServer(server: string, prefix: string): { server: string; prefix: string } {
  return prefix !== '' && server.endsWith(prefix)
    ? { server: server.slice(0, -prefix.length), prefix }
    : { server, prefix: '' }
}
