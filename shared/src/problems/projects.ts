/** What can go wrong with a project. */
import { problem } from '../problem.ts'

/** Also said of a project that the caller may not see: the two must look alike. */
export const ProjectNotFound = problem('project-not-found', {
  status: 404,
  title: 'Project not found',
  detail: () => 'There is no such project, or this token may not see it.',
  hint: 'List the projects this token sees with GET /v1/projects.',
})

export const ProjectRefTaken = problem('project-ref-taken', {
  status: 409,
  title: 'Ref already taken',
  detail: (ref: string) => `The ref ${ref} belongs to another project.`,
  hint: 'Choose another ref, or leave it out to have one made from the name.',
})

export const ProjectDeleted = problem('project-deleted', {
  status: 409,
  title: 'Project is deleted',
  detail: (ref: string) => `The project ${ref} is deleted.`,
  hint: 'Within seven days POST /v1/projects/{ref}/undelete brings it back.',
})

export const ProjectNotDeleted = problem('project-not-deleted', {
  status: 409,
  title: 'Project is not deleted',
  detail: (ref: string) => `The project ${ref} is not deleted: there is nothing to bring back.`,
})

export const ProjectPurged = problem('project-purged', {
  status: 410,
  title: 'Project can no longer be brought back',
  detail: (ref: string) => `The time to bring the project ${ref} back is over.`,
  hint: 'Import one of its backups as a new project.',
})

export const ProjectImporting = problem('project-importing', {
  status: 409,
  title: 'Project is being imported',
  detail: (ref: string) => `The project ${ref} is still being filled by an import.`,
  hint: 'Wait until its operation has finished.',
})

export const ProjectPaused = problem('project-paused', {
  status: 409,
  title: 'Project is paused',
  detail: (ref: string) => `The project ${ref} is paused: its database does not run.`,
  hint: 'Resume it with POST /v1/projects/{ref}/resume.',
})

export const ProjectNotReady = problem('project-not-ready', {
  status: 409,
  title: 'Project is not running yet',
  detail: (ref: string) => `The database of the project ${ref} does not answer yet.`,
  hint: 'Try again in a moment; GET /v1/projects/{ref} shows its status.',
})

export const TemplateUnknown = problem('template-unknown', {
  status: 422,
  title: 'No such template',
  detail: (template: string) => `There is no template named ${template}.`,
})

export const SettingsChanged = problem('settings-changed', {
  status: 412,
  title: 'Settings changed meanwhile',
  detail: () => 'The settings are no longer those that If-Match names.',
  hint: 'Read them again, apply your change to what is there now, and send its ETag.',
})

export const IfMatchRequired = problem('if-match-required', {
  status: 428,
  title: 'If-Match is required',
  detail: () => 'Changing settings needs the ETag of those that were read.',
  hint: 'GET the settings and send their ETag as If-Match.',
})
