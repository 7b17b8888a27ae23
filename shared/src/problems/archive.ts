/** What can be wrong with a `.caf`, or with writing and restoring one. */
import { problem } from '../problem.ts'

export const ArchiveTruncated = problem('archive-truncated', {
  status: 422,
  title: 'Archive cut off',
  detail: (where: string) =>
    `The archive ends too early (${where}): it was cut off, or its last bytes were changed.`,
  hint: 'Copy or download it again and compare its size and SHA-256 with those of the backup.',
})

export const ArchiveDamaged = problem('archive-damaged', {
  status: 422,
  title: 'Archive damaged',
  detail: (what: string) => `The archive is not as it was written: ${what}.`,
  hint: 'Copy or download it again and compare its SHA-256 with that of the backup; if it is the same, use another backup.',
})

export const ArchiveForeign = problem('archive-foreign', {
  status: 422,
  title: 'Not a Cascata archive',
  detail: (what: string) => `This is no .caf file: ${what}.`,
  hint: 'Give a file made by "cascata backups create" or "cascata backups download", as it is.',
})

export const ArchiveWrongKey = problem('archive-wrong-key', {
  status: 422,
  title: 'No key opens this archive',
  detail: (what: string) => what,
  hint: "Give the passphrase or the age identity it was sealed for; an archive of another instance needs that instance's key.",
})

export const ArchiveNewer = problem('archive-newer', {
  status: 422,
  title: 'Archive of a newer Cascata',
  detail: (what: string) => `The archive was written by a newer release: ${what}.`,
  hint: 'Upgrade this instance to at least the release that wrote the archive, then try again.',
})

export const ArchiveTooLarge = problem('archive-too-large', {
  status: 422,
  title: 'Archive unpacks to more than allowed',
  detail: (what: string) => `The archive was refused before it was read to its end: ${what}.`,
  hint: 'Free disk space, or check where this file comes from: it may have been made to fill disks.',
})

export const ArchiveNotWritten = problem('archive-not-written', {
  status: 500,
  title: 'Archive could not be written',
  detail: (what: string) => `The backup was given up: ${what}.`,
  hint: "Look at the log of control and of the project's database, then create the backup again.",
})

export const ArchiveRecipientInvalid = problem('archive-recipient-invalid', {
  status: 422,
  title: 'Recipient not understood',
  detail: (recipient: string) => `${recipient} is not an age recipient.`,
  hint: 'A recipient is the public key that age-keygen prints; it starts with "age1".',
})

export const RestoreFailed = problem('restore-failed', {
  status: 500,
  title: 'Archive could not be restored',
  detail: (what: string) => `The database of the archive could not be brought back: ${what}.`,
  hint: 'Nothing was changed. Look at the log of control and of the database; the archive itself is whole.',
})

export const RestoreIncomplete = problem('restore-incomplete', {
  status: 500,
  title: 'Restored rows differ from the archive',
  detail: (table: string, expected: number, found: number) =>
    `Table ${table} should have ${expected} rows and has ${found}.`,
  hint: "Nothing was changed. Try again; if it happens again, report it with the archive's manifest.",
})

export const ProjectNotUp = problem('project-not-up', {
  status: 503,
  title: 'Project did not come up',
  detail: (ref: string, why: string) => `${ref} is not up as the operation needs it: ${why}`,
  hint: 'Look at "cascata logs" of the project and at "cascata doctor", then ask again.',
})

export const ProjectGone = problem('project-gone', {
  status: 409,
  title: 'Project stopped meanwhile',
  detail: (ref: string) => `${ref} was paused or deleted while the operation ran.`,
  hint: 'Resume or restore the project, then ask again.',
})

export const ArchiveMissing = problem('archive-missing', {
  status: 410,
  title: 'Archive is not there',
  detail: () => 'The file of this archive is no longer on the disk.',
  hint: 'Upload it again, or use another backup.',
})

export const ProjectRefTakenMeanwhile = problem('project-ref-taken-meanwhile', {
  status: 409,
  title: 'Ref taken meanwhile',
  detail: (ref: string) => `Another project took the ref ${ref} while the archive was read.`,
  hint: 'Import again under another ref.',
})
