/** What can go wrong with a backup, as the API sees it; the archive's own failures are declared beside the archive. */
import { problem } from '../problem.ts'

export const BackupNotFound = problem('backup-not-found', {
  status: 404,
  title: 'Backup not found',
  detail: () => 'There is no such backup, or this token may not see it.',
})

export const BackupNotReady = problem('backup-not-ready', {
  status: 409,
  title: 'Backup is not ready',
  detail: (status: string) => `The backup is ${status}: there is no file to give.`,
})

export const BackupFileMissing = problem('backup-file-missing', {
  status: 410,
  title: 'Backup file is gone',
  detail: () => 'The file of this backup is no longer on this machine.',
})

export const RangeInvalid = problem('range-invalid', {
  status: 416,
  title: 'Range cannot be served',
  detail: (bytes: number) => `The file has ${bytes} bytes; the range lies outside of it.`,
})

export const UploadTooLarge = problem('upload-too-large', {
  status: 413,
  title: 'Archive too large',
  detail: (bytesMax: number) => `An archive may have at most ${bytesMax} bytes.`,
})

export const UploadIncomplete = problem('upload-incomplete', {
  status: 400,
  title: 'Upload is incomplete',
  detail: () => 'The upload ended before all of its bytes had come.',
  hint: 'Send the file again.',
})

export const DiskFull = problem('disk-full', {
  status: 507,
  title: 'Not enough disk space',
  detail: (bytes: number) => `About ${bytes} more bytes of disk are needed.`,
  hint: 'Remove old backups or enlarge the disk; df -h shows what is free.',
})
