/** What nginx itself answers when there is nobody to pass a request to: problem JSON, as control's own. */
export type Answer = { status: number; code: string; title: string; detail: string; retryAfterS?: number }

export const UnknownHost: Answer = {
  status: 404,
  code: 'unknown-host',
  title: 'Nothing here',
  detail: 'No project answers at this address.',
}

export const ProjectPaused: Answer = {
  status: 503,
  code: 'project-paused',
  title: 'Project is paused',
  detail: 'This project is paused; its owner can resume it.',
  retryAfterS: 60,
}

export const ProjectImporting: Answer = {
  status: 503,
  code: 'project-starting',
  title: 'Project is starting',
  detail: 'This project is being filled from an archive.',
  retryAfterS: 5,
}

/** Nobody listens on the socket, or it went away in the middle. */
export const ProjectStarting: Answer = {
  status: 503,
  code: 'project-starting',
  title: 'Project is starting',
  detail: 'This project does not answer yet: it is starting or being restarted.',
  retryAfterS: 1,
}

export const ControlStarting: Answer = {
  status: 503,
  code: 'control-starting',
  title: 'Control is starting',
  detail: 'Control does not answer yet: it is starting or being restarted.',
  retryAfterS: 1,
}

export const UpstreamTimeout: Answer = {
  status: 504,
  code: 'upstream-timeout',
  title: 'No answer in time',
  detail: 'The request was passed on and not answered in time.',
}

export const BodyTooLarge: Answer = {
  status: 413,
  code: 'body-too-large',
  title: 'Body too large',
  detail: 'The body is larger than this project allows.',
}

/** `$request_id` is nginx's own variable: it stands unquoted in the text of a `return`. */
export function bodyOf({ status, code, title, detail }: Answer): string {
  const problem = { type: `/problems/${code}`, title, status, detail, code }
  return `${JSON.stringify(problem).slice(0, -1)},"request_id":"$request_id"}`
}
