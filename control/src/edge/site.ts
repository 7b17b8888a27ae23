/**
 * What nginx serves, as a model. Names reach the configuration's text only through the brands made here: what has
 * passed them holds no character that means anything to nginx.
 */
import { Domain } from '@cascata/shared/domain'
import { ProjectRef } from '@cascata/shared/ids'
import { z } from 'zod'

export const Slot = z.int().min(1).max(99).brand<'Slot'>()
export type Slot = z.infer<typeof Slot>

/** Where control answers, as people reach it; no slash at the end. */
export const ControlUrl = z
  .string()
  .regex(/^https?:\/\/[a-z0-9.-]+(?::[0-9]{1,5})?$/)
  .brand<'ControlUrl'>()
export type ControlUrl = z.infer<typeof ControlUrl>

/** An address or a network of them. */
export const Network = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])
  .refine((text) => /^[0-9a-f.:/]+$/i.test(text))
  .brand<'Network'>()
export type Network = z.infer<typeof Network>

/** Of a pair of files `certs/<name>.crt` and `.key`. */
export const CertificateName = z
  .string()
  .max(244)
  .regex(/^[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?$/)
  .brand<'CertificateName'>()
export type CertificateName = z.infer<typeof CertificateName>

export const EdgeCertificate = z.object({
  name: CertificateName,
  /** Clients trust it: nobody is sent to HTTPS before. */
  trusted: z.boolean(),
})
export type EdgeCertificate = z.infer<typeof EdgeCertificate>

/** A name under which a project answers, or is sent on from. */
export const EdgeName = z.object({
  name: Domain,
  certificate: EdgeCertificate,
  redirectTo: Domain.nullable(),
  httpsOnly: z.boolean(),
})
export type EdgeName = z.infer<typeof EdgeName>

export const ProjectSite = z.object({
  ref: ProjectRef,
  /** The one that the instance gives it first. */
  names: z.array(EdgeName).min(1),
  bodyBytesMax: z.int().positive(),
  hstsMaxAgeS: z.int().nonnegative().nullable(),
  /** Said to everybody in place of an answer. */
  maintenance: z.object({ message: z.string(), retryAfterS: z.int().positive() }).nullable(),
  /** Where its requests go; or why they go nowhere. */
  answer: z.union([z.object({ slots: z.array(Slot).min(1) }), z.enum(['paused', 'importing'])]),
})
export type ProjectSite = z.infer<typeof ProjectSite>

export const EdgeSite = z.object({
  domain: Domain,
  certificate: EdgeCertificate,
  controlUrl: ControlUrl,
  /** As people reach it. */
  httpPort: z.int().min(1).max(65_535),
  httpsPort: z.int().min(1).max(65_535),
  http3: z.boolean().default(false),
  workers: z.int().min(1).max(64),
  trustedProxies: z.array(Network),
  projects: z.array(ProjectSite),
})
export type EdgeSite = z.infer<typeof EdgeSite>

/** Slots by ref, as a site serves them. */
export type Routes = Record<string, readonly number[]>

export const routesOf = (site: EdgeSite): Routes =>
  Object.fromEntries(
    site.projects.flatMap(({ ref, answer }) => (typeof answer === 'string' ? [] : [[ref, answer.slots]])),
  )
