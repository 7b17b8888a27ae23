import { Problem } from '@cascata/shared/problem'
import { StepFailed } from '@cascata/shared/problems/reconcile'

/** A reconciler as the driver sees it: something that may be run at any time, and does nothing when all is well. */
export type Task = {
  name: string
  everyMs: number
  run(signal: AbortSignal): Promise<Pass>
}

export type Pass = {
  /** What was changed, in words; empty on a settled world. */
  applied: readonly string[]
  /** What went wrong; the next run is the retry. */
  failed: readonly Failure[]
  /** Run again after this long, when that is sooner than `everyMs`. */
  againInMs?: number
}

export type Failure = { what: string; error: unknown }

/** What a failed step is called where people look: its own words, or that it failed. */
export const problemAt = (step: string, error: unknown): Problem =>
  error instanceof Problem ? error : StepFailed(step).because(error)

export const settled: Pass = { applied: [], failed: [] }

/** The part of a logger that reconcilers use; pino is one. */
export type Log = {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
