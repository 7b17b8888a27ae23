/** A name of a project's own, and what is still to be done for it. */
import { z } from 'zod'
import { HostName } from '../host-name.ts'

/** The label before a claimed name at which its TXT record stands. */
export const DNS_PROOF_PREFIX = '_cascata'

/** What that record holds. */
export const proofText = (proof: string): string => `cascata-domain=${proof}`

/** Where a claimed name answers with its proof, by plain HTTP, when it leads here. */
export const PROOF_PATH = '/.well-known/cascata-proof/'

export const DnsRecord = z.object({
  type: z.enum(['A', 'AAAA', 'CNAME', 'TXT']),
  name: z.string(),
  value: z.string(),
  /** `serve` leads requests here; `prove` shows that the name is its owner's without leading anything anywhere. */
  purpose: z.enum(['serve', 'prove']),
})
export type DnsRecord = z.infer<typeof DnsRecord>

/** `unproven`: nobody has shown that it is theirs, so it is not served. */
export const DomainStatus = z.enum(['unproven', 'serving', 'redirecting'])
export type DomainStatus = z.infer<typeof DomainStatus>

export const ProjectDomain = z
  .object({
    /** As DNS has it: ASCII, lower case. */
    name: z.string(),
    /** As people read it. */
    readable: z.string(),
    ref: z.string(),
    status: DomainStatus,
    url: z.string(),
    redirect_to: z.string().nullable(),
    https_only: z.boolean(),
    /** Any one of `prove`, or one of `serve` alone where it names this project. */
    records: z.array(DnsRecord),
    last_problem: z.object({ code: z.string(), title: z.string(), detail: z.string() }).nullable(),
    checked_at: z.string().nullable(),
    verified_at: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'ProjectDomain' })
export type ProjectDomain = z.infer<typeof ProjectDomain>

const rules = {
  /** Another name of the same project, to which every request is sent on (308). */
  redirect_to: HostName.nullable(),
  /** Plain HTTP is sent on to HTTPS, once a certificate is there that clients trust. */
  https_only: z.boolean(),
}

export const AttachDomain = z
  .strictObject({
    name: HostName,
    redirect_to: rules.redirect_to.default(null),
    https_only: rules.https_only.default(true),
  })
  .meta({ id: 'AttachDomain', examples: [{ name: 'shop.example' }] })
export type AttachDomain = z.infer<typeof AttachDomain>

export const ChangeDomain = z
  .strictObject({ redirect_to: rules.redirect_to.optional(), https_only: rules.https_only.optional() })
  .meta({ id: 'ChangeDomain', examples: [{ redirect_to: 'www.shop.example' }] })
export type ChangeDomain = z.infer<typeof ChangeDomain>
