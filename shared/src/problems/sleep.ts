/** What can come between a request and a project that sleeps. */
import { problem } from '../problem.ts'

export const ProjectWakingBusy = problem('project-waking-busy', {
  status: 503,
  title: 'Too many wait for the project',
  detail: (ref: string) => `${ref} is waking or restarting, and as many requests wait for it as may.`,
  hint: 'Send the request again after the time in Retry-After.',
})

export const ProjectWakeFailed = problem('project-wake-failed', {
  status: 503,
  title: 'Project does not come up',
  detail: (ref: string) => `${ref} was to be started for this request and does not answer.`,
  hint: 'Its operator sees why with: cascata projects get REF.',
})
