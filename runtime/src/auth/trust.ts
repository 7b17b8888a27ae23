/**
 * Whom this process believes when it reaches outside over TLS. `fetch` takes no certificates of its own, so it is the
 * process that trusts; it serves one project, whose setting this is.
 */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

export type Trust = {
  /** Beside those whom everybody believes; in place of what was given before. Counts for TLS sessions that are new. */
  beside(certificates: readonly string[]): void
}

export function createTrust(): Trust {
  let usual: string[] | undefined
  let given = ''
  return {
    beside(certificates) {
      const next = certificates.join('\n')
      // Reading the usual ones takes tens of milliseconds and a megabyte: whoever sets none pays nothing.
      if (next === given) return
      usual ??= getCACertificates('default')
      setDefaultCACertificates([...usual, ...certificates])
      given = next
    },
  }
}
