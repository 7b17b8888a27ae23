/** How a command ends badly: each failure has an exit code a script can tell apart. */
import { z } from 'zod'

export const EXIT = { ok: 0, failed: 1, usage: 2, notAllowed: 3, notFound: 4, conflict: 5 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: ExitCode
  /** The problem's code, or one of the CLI's own. */
  readonly code: string
  readonly hint: string | undefined
  readonly requestId: string | undefined

  constructor(
    exit: ExitCode,
    code: string,
    message: string,
    more: { hint?: string | undefined; requestId?: string | undefined } = {},
  ) {
    super(message)
    this.exit = exit
    this.code = code
    this.hint = more.hint
    this.requestId = more.requestId
  }
}

/** Problem details as control writes them (RFC 9457). */
const ProblemBody = z.object({
  code: z.string(),
  title: z.string(),
  detail: z.string(),
  hint: z.string().nullish(),
  request_id: z.string().nullish(),
})

const EXIT_BY_STATUS: Record<number, ExitCode> = {
  400: EXIT.usage,
  401: EXIT.notAllowed,
  403: EXIT.notAllowed,
  404: EXIT.notFound,
  409: EXIT.conflict,
  412: EXIT.conflict,
  422: EXIT.usage,
}

export function failureOf(status: number, body: unknown): Failure {
  const exit = EXIT_BY_STATUS[status] ?? EXIT.failed
  const parsed = ProblemBody.safeParse(body)
  if (!parsed.success) return new Failure(exit, `http-${status}`, `control answered with status ${status}`)
  const { code, detail, title, hint, request_id } = parsed.data
  return new Failure(exit, code, detail || title, {
    hint: hint ?? undefined,
    requestId: request_id ?? undefined,
  })
}

export const usage = (message: string, hint?: string): Failure =>
  new Failure(EXIT.usage, 'usage', message, { hint })
