/** A problem that ends by waiting. Who words the answer puts `retryAfterS` into `Retry-After`. */
import { Problem } from '@cascata/shared/problem'

export class TryLater extends Problem {
  /** Whole seconds, at least one. */
  readonly retryAfterS: number

  constructor({ code, status, title, message, hint }: Problem, retryAfterS: number) {
    super(code, status, title, message, hint)
    this.retryAfterS = Math.max(1, Math.ceil(retryAfterS))
  }
}
