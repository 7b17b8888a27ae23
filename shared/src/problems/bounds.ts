/** What is too large for a project: said by its runtime, or by the edge before it. */
import { problem } from '../problem.ts'

export const BodyTooLarge = problem('body-too-large', {
  status: 413,
  title: 'Body too large',
  detail: (bytesMax: number) => `The body may have at most ${bytesMax} bytes.`,
  hint: 'Send it in parts, or raise `body_bytes_max` in the limits of the project.',
})

export const UrlTooLong = problem('url-too-long', {
  status: 414,
  title: 'URL too long',
  detail: (bytesMax: number) => `The URL is longer than the ${bytesMax} bytes that are allowed here.`,
  hint: 'Use a function (`/rpc`) with a body for long lists of values, or raise `url_bytes_max` in the limits of the project.',
})

export const DiskQuotaReached = problem('disk-quota-reached', {
  status: 507,
  title: 'Disk quota reached',
  detail: () => 'The project takes as much of the disk as it may: it can be read, and not written to.',
  hint: 'Delete what is not needed by SQL in a transaction that says `begin read write`, or raise `disk_mb` in the limits of the project.',
})

export const DiskQuotaNear = problem('disk-quota-near', {
  status: 507,
  title: 'Disk quota nearly reached',
  detail: (usedMb: number, limitMb: number) =>
    `The project takes ${usedMb} of the ${limitMb} MB of disk that it may. At the limit it can only be read.`,
  hint: 'Delete what is not needed, or raise `disk_mb` in the limits of the project.',
})
