/** What can stand in the way of an upgrade, or undo it. */
import { problem } from '../problem.ts'

export const ProjectAtRelease = problem('project-at-release', {
  status: 409,
  title: 'Project is at this release',
  detail: (ref: string, tag: string) => `${ref} runs ${tag} already.`,
  hint: 'POST /v1/projects/{ref}/restart makes its runtimes anew from the same image.',
})

export const PostgresMajorDiffers = problem('postgres-major-differs', {
  status: 422,
  title: 'Another major version of Postgres',
  detail: (tag: string, has: string, needs: string) =>
    `The image of ${tag} has Postgres ${has}, the files of this project are of Postgres ${needs}.`,
  hint: 'Files of one major version cannot be opened by another: back the project up and import the archive under the new release.',
})

/** `why` is a whole sentence of its own. */
export const UpgradeUndone = problem('upgrade-undone', {
  status: 500,
  title: 'Upgrade undone',
  detail: (change: { ref: string; from: string; to: string }, why: string) =>
    `${change.ref} did not come up as ${change.to} and is put back to ${change.from}, data and all: ${why}`,
  hint: 'The log of control has more; nothing was lost, and the upgrade may be asked for again.',
})

/** What the probe of the new release found; it is the reason inside of `upgrade-undone`. */
export const ProbeFailed = problem('probe-failed', {
  status: 500,
  title: 'Probe failed',
  detail: (what: string) => `The probe of the new release found that ${what}.`,
})

export const ProjectsBusy = problem('projects-busy', {
  status: 409,
  title: 'Projects were busy',
  detail: (reasons: readonly string[]) =>
    `All others are at the new release; these were busy for as long as they were waited for: ${reasons.join(' ')}`,
  hint: 'Look at what holds them with GET /v1/operations?ref={ref}, and ask for the upgrade again.',
})

export const WaveFailed = problem('wave-failed', {
  status: 500,
  title: 'A wave failed',
  detail: (failed: readonly string[], left: number) =>
    `Stopped after a wave in which ${failed.join(', ')} could not be upgraded; ${left} more were not tried.`,
  hint: 'Each has an operation of its own that says why: GET /v1/operations?ref={ref}.',
})
