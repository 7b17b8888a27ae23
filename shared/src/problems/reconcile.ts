/** Why something is not as it should be yet: shown as a project's last problem. */
import { problem } from '../problem.ts'

export const ApiNotDescribed = problem('api-not-described', {
  status: 409,
  title: 'The project does not describe its API',
  detail: (ref: string) => `The setting openapiMode of the project ${ref} is "disabled".`,
  hint: 'Change it with PATCH /v1/projects/{ref}/settings.',
})

export const RuntimeNotReady = problem('runtime-not-ready', {
  status: 503,
  title: 'Runtime is not ready',
  detail: (ref: string) => `The runtime of ${ref} runs but does not answer that it is ready.`,
  hint: 'Its log says why: cascata logs REF.',
})

export const ContainerEnded = problem('container-ended', {
  status: 503,
  title: 'Container has ended',
  detail: (name: string, exitCode: number | null) =>
    `${name} has ended${exitCode === null ? '' : ` with ${exitCode}`} before it was ready.`,
  hint: 'Its log says why: cascata logs REF.',
})

export const StepFailed = problem('step-failed', {
  status: 500,
  title: 'A step failed',
  detail: (step: string) => `The step ${step} failed; it is tried again by itself.`,
  hint: "The log of control tells more; look for the project's ref.",
})

export const EdgeConfigRefused = problem('edge-config-refused', {
  status: 500,
  title: 'Edge configuration refused',
  detail: () => 'nginx refused the configuration made for it; the one before stays in use.',
  hint: 'This is a bug: the log of control has what nginx said.',
})

export const EdgeNotServing = problem('edge-not-serving', {
  status: 503,
  title: 'Edge does not serve',
  detail: () => 'The edge does not answer with the configuration it was given.',
  hint: 'Its log says why: docker logs <instance>-edge.',
})
