/**
 * A failure we chose: it has a name, a status, and sentences that are safe to show.
 *
 * Anything thrown that is no `Problem` is a bug: the surface answers 500 with constant text and logs the rest.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  /** Stable, kebab-case; also the name of its page in `docs/problems/`. */
  readonly code: string
  /** HTTP status. */
  readonly status: number
  readonly title: string
  /** How to mend it, in one sentence; shown beside the detail. */
  readonly hint: string | undefined

  constructor(code: string, status: number, title: string, detail: string, hint?: string) {
    super(detail)
    this.code = code
    this.status = status
    this.title = title
    this.hint = hint
  }

  /** Keeps what really happened, for the log alone. */
  because(cause: unknown): this {
    this.cause = cause
    return this
  }
}

type Spec<Args extends unknown[]> = {
  status: number
  title: string
  detail: (...args: Args) => string
  hint?: string
}

export type ProblemMaker<Args extends unknown[] = never[]> = ((...args: Args) => Problem) & {
  readonly code: string
  readonly status: number
  readonly title: string
}

/** Declares a problem once; call sites write `throw ProjectNotFound(ref)`. */
export const problem = <Args extends unknown[]>(code: string, spec: Spec<Args>): ProblemMaker<Args> =>
  Object.assign(
    (...args: Args) => new Problem(code, spec.status, spec.title, spec.detail(...args), spec.hint),
    { code, status: spec.status, title: spec.title },
  )
