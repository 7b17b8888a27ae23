/** A request as the app sees it, whoever took it from the wire. */
import type { IncomingHttpHeaders } from 'node:http'
import type { BodyBudget } from '../gate/budget.ts'

export type Asked = {
  readonly method: string
  /** Path and query, undecoded. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** The same as JSON, where it is known already. */
  readonly headersText?: string | undefined
  /** Aborted when the caller has left. */
  readonly gone: AbortSignal
  /**
   * The whole body; null when there is none.
   * @throws BodyTooLarge, BodyTooSlow, CallerGone
   */
  body(budget: BodyBudget): Promise<Buffer | null> | Buffer | null
}
