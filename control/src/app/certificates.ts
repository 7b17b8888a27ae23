/** Certificates: what there is of them, and what a caller may do about one. The reconciler does the rest. */
import type { Certificate, UploadCertificate } from '@cascata/shared/contract/certificates'
import { AcmeOff, CertificateNotFound, CertificateUploaded } from '@cascata/shared/problems/certificates'
import { checkUpload, tidyChain } from '../acme/chain.ts'
import { fileNameOf, keyPurpose } from '../acme/file.ts'
import { assertSees, type Caller, getProject } from './caller.ts'
import { viewCertificates } from './certificate-view.ts'
import { audit } from './change.ts'
import type { AppDeps } from './ports.ts'

type Of = { ref: string | null; name: string }

/** Names are the same whatever their case, and with a dot at the end. */
const canonical = (name: string) => name.toLowerCase().replace(/\.$/, '')

export function certificateCases(deps: AppDeps) {
  const { store, clock, seal } = deps

  async function list(): Promise<Certificate[]> {
    const held = await store.certificates.list()
    return viewCertificates(
      {
        held,
        damaged: await deps.damagedCertificates(held),
        orders: await store.certificates.orders.list(),
        attached: await store.certificates.listNames(),
      },
      { now: clock.now(), isAcmeOn: deps.acme.isOn },
    )
  }

  async function one({ ref, name }: Of): Promise<Certificate> {
    const found = (await list()).find(
      (each) => each.name === canonical(name) && (ref === null || each.project_ref === ref),
    )
    if (!found) throw CertificateNotFound()
    return found
  }

  /** A project's own name that is shown to be its owner's. */
  async function assertAttached(ref: string, name: string): Promise<void> {
    const names = await store.certificates.listNames()
    if (!names.some((each) => each.ref === ref && each.name === name)) throw CertificateNotFound()
  }

  return {
    list,

    async listOf(caller: Caller, ref: string): Promise<Certificate[]> {
      await getProject(store, caller, ref)
      return (await list()).filter(({ project_ref }) => project_ref === ref)
    },

    /** Asks the authority for another one as soon as its limits let us. */
    async renew(caller: Caller, { ref, name }: Of): Promise<Certificate> {
      if (ref !== null) await getProject(store, caller, ref)
      const found = await one({ ref, name })
      if (!deps.acme.isOn) throw AcmeOff()
      const isDue = found.renew_at !== null && Date.parse(found.renew_at) <= clock.now()
      if (found.source === 'upload' && !isDue) throw CertificateUploaded(found.name)
      await store.transaction(async (tx) => {
        await tx.certificates.setWindow(
          { name: found.name, source: 'acme' },
          { renewAt: new Date(clock.now()) },
        )
        await tx.certificates.orders.change(found.name, { nextTryAt: null })
        await audit(tx, caller, { action: 'certificate.renew', target: found.name, detail: {} })
      })
      deps.kickCertificates()
      return one({ ref, name })
    },

    /** It serves its name from now on, until it is removed or near its end. */
    async upload(
      caller: Caller,
      { ref, name: given, upload }: { ref: string; name: string; upload: UploadCertificate },
    ): Promise<Certificate> {
      await getProject(store, caller, ref)
      const name = canonical(given)
      await assertAttached(ref, name)
      const chain = tidyChain(upload.certificate)
      const checked = checkUpload({ certificate: chain, key: upload.key }, { name, now: clock.now() })
      const { notBefore, notAfter, names, isSelfSigned, ...facts } = checked
      const trusted = upload.trusted ?? !isSelfSigned
      const life = { notBefore: new Date(notBefore), notAfter: new Date(notAfter) }
      const row = {
        ...facts,
        ...life,
        name,
        ref,
        chain,
        trusted,
        source: 'upload' as const,
        names: [...names],
      }
      await store.transaction(async (tx) => {
        const key = seal.seal(keyPurpose(name), upload.key)
        await tx.certificates.put({ ...row, key, file: fileNameOf(row) })
        const detail = { issuer: facts.issuer, serial: facts.serial }
        await audit(tx, caller, { action: 'certificate.upload', target: name, detail })
      })
      deps.kickCertificates()
      return one({ ref, name })
    },

    async removeUpload(caller: Caller, { ref, name: given }: { ref: string; name: string }): Promise<void> {
      assertSees(caller, ref)
      const name = canonical(given)
      await assertAttached(ref, name)
      const rows = await store.certificates.list()
      if (!rows.some((row) => row.name === name && row.source === 'upload')) throw CertificateNotFound()
      await store.transaction(async (tx) => {
        await tx.certificates.remove({ name, source: 'upload' })
        await audit(tx, caller, { action: 'certificate.remove', target: name, detail: {} })
      })
      deps.kickCertificates()
    },
  }
}
