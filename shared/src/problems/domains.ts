/** What can go wrong with a name of a project's own. */
import { problem } from '../problem.ts'

export const DomainNotFound = problem('domain-not-found', {
  status: 404,
  title: 'Domain not attached',
  detail: (name: string) => `${name} is not attached to this project.`,
  hint: 'List what is attached with GET /v1/projects/{ref}/domains.',
})

export const DomainAttached = problem('domain-attached', {
  status: 409,
  title: 'Domain already attached',
  detail: (name: string) => `${name} is already attached to this project.`,
})

export const DomainTaken = problem('domain-taken', {
  status: 409,
  title: 'Domain belongs to another project',
  detail: (name: string) => `${name} is attached to another project, which has shown that it is its own.`,
  hint: 'Detach it there first.',
})

export const DomainReserved = problem('domain-reserved', {
  status: 409,
  title: "Domain is the instance's own",
  detail: (name: string, domain: string) =>
    `${name} is the instance's domain ${domain}, or lies below it: those names are given by the instance.`,
  hint: 'Attach a name of another domain.',
})

export const DomainsExceeded = problem('domains-exceeded', {
  status: 409,
  title: 'Too many domains',
  detail: (most: number) => `A project has at most ${most} names of its own.`,
  hint: 'Detach one that is no longer used.',
})

export const DomainRedirectInvalid = problem('domain-redirect-invalid', {
  status: 422,
  title: 'Redirect leads nowhere',
  detail: (name: string, to: string, why: string) => `${name} cannot be sent on to ${to}: ${why}.`,
  hint: 'Redirect to a name of the same project that is itself served.',
})

export const DomainRedirectTarget = problem('domain-redirect-target', {
  status: 409,
  title: 'Another domain leads to it',
  detail: (name: string, from: string) => `${from} is sent on to ${name}.`,
  hint: 'Change or detach that one first.',
})

export const DomainUnproven = problem('domain-unproven', {
  status: 409,
  title: 'Nothing shows that the domain is yours',
  detail: (name: string, found: string) => `No record of ${name} shows that it is this project's: ${found}.`,
  hint: "Set one of the domain's `records` with whoever runs its DNS; it is looked at again by itself.",
})

const CONTESTS = {
  same: 'more than one project claims it',
  above: "a name above it is another project's",
  below: "a name below it is another project's",
}

export const DomainContested = problem('domain-contested', {
  status: 409,
  title: 'Other projects have to do with the domain',
  detail: (name: string, contest: keyof typeof CONTESTS) =>
    `${name} leads here, but ${CONTESTS[contest]}: only a TXT or CNAME record tells whose it is.`,
  hint: "Set the TXT record of the domain's `records`.",
})

export const DnsUnreachable = problem('dns-unreachable', {
  status: 502,
  title: 'DNS does not answer',
  detail: (name: string) => `The records of ${name} could not be asked for.`,
  hint: 'It is tried again by itself. Look whether the name servers of the domain answer.',
})
