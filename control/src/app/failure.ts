/** What went wrong, as a caller may hear it and as the log may keep it. */
import { Problem } from '@cascata/shared/problem'
import { ControlFailed } from '@cascata/shared/problems/request'
import { withoutValues } from '../store/errors.ts'

/** What is no `Problem` is a bug: constant text outside, the cause in the log. */
export function toProblem(error: unknown): Problem {
  return error instanceof Problem ? error : ControlFailed().because(error)
}

/** Without the values of a failed query: they may be secrets, sealed or hashed as they are. */
export const forLog = (error: unknown): unknown =>
  error instanceof Problem && error.cause !== undefined ? withoutValues(error.cause) : withoutValues(error)
