/** One upgrade of one project, as its parts hand it on. */
import type { JobRun } from '../deps.ts'

export type Upgrade = {
  run: JobRun
  ref: string
  from: string
  to: string
  /** Where its snapshot is. */
  place: string
}
