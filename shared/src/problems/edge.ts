/** What the edge itself answers, when there is nobody to pass a request to. */
import { problem } from '../problem.ts'

export const UnknownHost = problem('unknown-host', {
  status: 404,
  title: 'Nothing here',
  detail: () => 'No project answers at this address.',
})

export const ProjectStarting = problem('project-starting', {
  status: 503,
  title: 'Project is starting',
  detail: (ref: string) => `${ref} does not answer yet: it is starting, being filled or restarted.`,
})

export const UnderMaintenance = problem('under-maintenance', {
  status: 503,
  title: 'Under maintenance',
  detail: (message: string) => message,
})

export const ControlStarting = problem('control-starting', {
  status: 503,
  title: 'Control is starting',
  detail: () => 'Control does not answer yet: it is starting or being restarted.',
})

export const UpstreamTimeout = problem('upstream-timeout', {
  status: 504,
  title: 'No answer in time',
  detail: () => 'The request was passed on and not answered in time.',
})

/** Told without a time to come again: what was asked for may have happened. */
export const AnswerLost = problem('answer-lost', {
  status: 502,
  title: 'No answer came back',
  detail: () =>
    'The request was passed on, and no answer came back. Whether it was carried out is not known.',
})

export const ProjectBusy = problem('project-busy', {
  status: 503,
  title: 'Project is busy',
  detail: (ref: string) => `${ref} has as many requests and open sockets as it may have at once.`,
})
