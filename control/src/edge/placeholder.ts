/** Which certificate a name is shown with while it has none that clients trust. Pure. */
import type { Domain } from '@cascata/shared/domain'
import { CertificateName, type EdgeCertificate, type EdgeSite } from './site.ts'

const PREFIX = 'self_'

/** The instance's own, for itself and all that is right below it; of any other name one of its own, never another's. */
export const placeholderOf = (domain: Domain, name: Domain): EdgeCertificate => ({
  name: CertificateName.parse(isBelow(name, domain) ? domain : `${PREFIX}${name}`),
  trusted: false,
})

/** The domain itself, or of one label more, as a wildcard is. */
export const isBelow = (name: string, domain: string): boolean =>
  name === domain || (name.endsWith(`.${domain}`) && !name.slice(0, -domain.length - 1).includes('.'))

export type Placeholder = { certificate: CertificateName; name: Domain }

/** Those that a site shows, each with the name it is made for. */
export function placeholdersOf(site: EdgeSite): Placeholder[] {
  const names = [
    { name: site.domain, certificate: site.certificate },
    ...site.projects.flatMap((project) => project.names),
  ]
  const found = new Map<CertificateName, Domain>()
  for (const { name, certificate } of names) {
    if (certificate.name === placeholderOf(site.domain, name).name && !found.has(certificate.name))
      found.set(certificate.name, isBelow(name, site.domain) ? site.domain : name)
  }
  return [...found].map(([certificate, name]) => ({ certificate, name }))
}

/** The name that a pair of files is the placeholder of; undefined when it is none. */
export function nameOfPlaceholder(domain: string, file: string): string | undefined {
  if (file === domain) return domain
  return file.startsWith(PREFIX) ? file.slice(PREFIX.length) : undefined
}

/** A file of `certs/` that is a placeholder of a name: removed when no site shows it. */
export const isPlaceholderFile = (file: string): boolean => file.startsWith(PREFIX)
