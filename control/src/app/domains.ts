/** Names of a project's own: claimed here; whose they are, the domains reconciler finds out. */
import { randomBytes } from 'node:crypto'
import type { AttachDomain, ChangeDomain, ProjectDomain } from '@cascata/shared/contract/domains'
import { HostName } from '@cascata/shared/host-name'
import {
  DomainNotFound,
  DomainRedirectInvalid,
  DomainRedirectTarget,
  DomainReserved,
  DomainsExceeded,
  DomainTaken,
} from '@cascata/shared/problems/domains'
import type { Queries } from '../store/queries.ts'
import type { DomainRow } from '../store/tables/domains.ts'
import { assertSees, type Caller, getProject } from './caller.ts'
import { audit, lockProject } from './change.ts'
import { DOMAINS_MAX } from './limits.ts'
import type { AppDeps } from './ports.ts'
import { viewDomain } from './view-domain.ts'

const PROOF_BYTES = 16

export function domainCases({ store, instance, domainsChanged }: AppDeps) {
  const view = (row: DomainRow): ProjectDomain => viewDomain(row, instance)

  /** One transaction on a name that is attached; what it changed is then looked at. */
  async function change(
    caller: Caller,
    { ref, name: typed, action }: Named & { action: string },
    write: (tx: Queries, row: DomainRow) => Promise<DomainRow | undefined>,
  ): Promise<DomainRow | undefined> {
    assertSees(caller, ref)
    const changed = await store.transaction(async (tx) => {
      await lockProject(tx, ref)
      const row = await getDomain(tx, ref, typed)
      const changed = await write(tx, row)
      await audit(tx, caller, { action, target: ref, detail: { domain: row.name } })
      return changed
    })
    domainsChanged()
    return changed
  }

  return {
    async attach(caller: Caller, ref: string, wish: AttachDomain): Promise<ProjectDomain> {
      assertSees(caller, ref)
      const { name, redirect_to: redirectTo, https_only: httpsOnly } = wish
      if (isOwn(name, instance.domain)) throw DomainReserved(name, instance.domain)
      const row = await store.transaction(async (tx) => {
        await lockProject(tx, ref)
        const own = await tx.domains.listOf(ref)
        const isNew = !own.some((each) => each.name === name)
        if (isNew && own.length >= DOMAINS_MAX) throw DomainsExceeded(DOMAINS_MAX)
        const owner = await tx.domains.owner(name)
        if (owner && owner.ref !== ref) throw DomainTaken(name)
        if (redirectTo !== null) assertLeads(own, { name, redirectTo, ref, domain: instance.domain })
        const proof = randomBytes(PROOF_BYTES).toString('hex')
        const row = await tx.domains.insert({ ref, name, redirectTo, httpsOnly, proof })
        await audit(tx, caller, { action: 'domain.attach', target: ref, detail: { domain: name } })
        return row
      })
      domainsChanged()
      return view(row)
    },

    async list(caller: Caller, ref: string): Promise<ProjectDomain[]> {
      await getProject(store, caller, ref)
      return (await store.domains.listOf(ref)).map(view)
    },

    async get(caller: Caller, ref: string, name: string): Promise<ProjectDomain> {
      await getProject(store, caller, ref)
      return view(await getDomain(store, ref, name))
    },

    async change(caller: Caller, { ref, name }: Named, wish: ChangeDomain): Promise<ProjectDomain> {
      const row = await change(caller, { ref, name, action: 'domain.change' }, async (tx, row) => {
        const { redirect_to: redirectTo = row.redirectTo, https_only: httpsOnly = row.httpsOnly } = wish
        const own = await tx.domains.listOf(ref)
        if (redirectTo !== null)
          assertLeads(own, { name: row.name, redirectTo, ref, domain: instance.domain })
        return tx.domains.change(row.id, { redirectTo, httpsOnly })
      })
      if (!row) throw DomainNotFound(name)
      return view(row)
    },

    /** Its records are asked for now, not when their turn comes. */
    async check(caller: Caller, { ref, name }: Named): Promise<ProjectDomain> {
      const row = await change(caller, { ref, name, action: 'domain.check' }, (tx, row) =>
        tx.domains.askAgain(row.id),
      )
      if (!row) throw DomainNotFound(name)
      return view(row)
    },

    async detach(caller: Caller, { ref, name }: Named): Promise<void> {
      await change(caller, { ref, name, action: 'domain.detach' }, async (tx, row) => {
        const from = (await tx.domains.listOf(ref)).find(({ redirectTo }) => redirectTo === row.name)
        if (from) throw DomainRedirectTarget(row.name, from.name)
        await tx.domains.remove(row.id)
        return undefined
      })
    },

    /** What is answered on a claimed name itself, to whoever knows what to ask for: it leads here. */
    async proofOn(host: string, proof: string): Promise<string | undefined> {
      const name = HostName.safeParse(host.replace(/:[0-9]+$/, ''))
      if (!name.success) return undefined
      const claims = (await store.domains.listUnproven()).filter((row) => row.name === name.data)
      return claims.find((row) => row.proof === proof)?.proof
    },
  }
}

type Named = { ref: string; name: string }

async function getDomain(queries: Queries, ref: string, typed: string): Promise<DomainRow> {
  const name = HostName.safeParse(typed)
  const row = name.success ? await queries.domains.find(ref, name.data) : undefined
  if (!row) throw DomainNotFound(typed.slice(0, 200))
  return row
}

const isOwn = (name: string, domain: string): boolean => name === domain || name.endsWith(`.${domain}`)

type Redirect = { name: string; redirectTo: string; ref: string; domain: string }

/** A redirect is one step long, and ends where the project answers. */
function assertLeads(own: readonly DomainRow[], { name, redirectTo, ref, domain }: Redirect): void {
  const refuse = (why: string) => DomainRedirectInvalid(name, redirectTo, why)
  if (redirectTo === name) throw refuse('it is the same name')
  const onwards = own.find((row) => row.redirectTo === name)
  if (onwards) throw refuse(`${onwards.name} is sent on to ${name} itself`)
  if (redirectTo === `${ref}.${domain}`) return
  const target = own.find((row) => row.name === redirectTo)
  if (!target) throw refuse('it is not attached to this project')
  if (target.redirectTo !== null) throw refuse('it is sent on itself')
}
