/** The tables of certificates in memory, and a control that keeps them, by a clock of the test's. */

import type { LedgerEntry } from '@cascata/control/acme/limits'
import type { DnsProvider } from '@cascata/control/adapters/dns/provider'
import type { Files } from '@cascata/control/adapters/files'
import { sealWith } from '@cascata/control/adapters/seal'
import { EDGE_UID, pathsOf } from '@cascata/control/paths'
import { certificatePairs } from '@cascata/control/reconcile/certificates/pairs'
import type { CertificateStore } from '@cascata/control/reconcile/certificates/store-port'
import { certificatesTask } from '@cascata/control/reconcile/certificates/task'
import type { Effects } from '@cascata/control/reconcile/effects'
import type { Task } from '@cascata/control/reconcile/task'
import type { CertificateRow, OrderRow } from '@cascata/control/store/tables/certificates'
import { DnsProviderFailed } from '@cascata/shared/problems/certificates'
import { chanceOf } from './seeded.ts'
import type { Issued, SimulatedAuthority } from './simulated-authority.ts'

const keyOf = ({ name, source }: { name: string; source: string }) => `${name} ${source}`

export class SimulatedCertificates {
  readonly held = new Map<string, CertificateRow>()
  readonly orders = new Map<string, OrderRow>()
  readonly files = new Map<string, string>()
  readonly attached = new Map<string, string>()
  /** What stands in DNS, as `name value`; a provider there is once there is a domain of its own. */
  readonly records = new Set<string>()
  domain = 'localhost'
  canCleanUp = true
  readonly warned: { fields: object; message: string }[] = []
  ledger: LedgerEntry[] = []
  now: number
  readonly paths = pathsOf('/home')
  readonly #chance = chanceOf(7)

  constructor(now: number) {
    this.now = now
    // An edge that serves none of the files: they may go as soon as nobody wants them.
    this.files.set(`${this.paths.edge}/current/manifest.json`, '{"digest":"served"}')
    this.files.set(`${this.paths.edge}/current/nginx.conf`, '')
  }

  store(): CertificateStore {
    const certificates: CertificateStore['certificates'] = {
      list: async () => [...this.held.values()],
      put: async (row) => {
        const none = { renewAt: null, windowStart: null, windowEnd: null, windowCheckAt: null }
        const whole = { ref: null, ariId: null, createdAt: new Date(this.now), ...none, ...row }
        this.held.set(keyOf(row), whole as CertificateRow)
      },
      setWindow: async (of, window) => {
        const row = this.held.get(keyOf(of))
        if (row) this.held.set(keyOf(of), { ...row, ...window })
      },
      remove: async (of) => void this.held.delete(keyOf(of)),
      listNames: async () => [...this.attached].map(([name, ref]) => ({ name, ref })),
      orders: {
        list: async () => [...this.orders.values()],
        insert: async (row) => {
          if (this.orders.has(row.name)) return
          const bare = {
            ref: null,
            key: null,
            csr: null,
            replaces: null,
            askedAt: null,
            url: null,
            proofs: [],
            cleanup: null,
          }
          const fresh = { failures: 0, problem: null, nextTryAt: null, createdAt: new Date(this.now) }
          this.orders.set(row.name, { ...bare, ...fresh, ...row } as OrderRow)
        },
        change: async (name, patch) => {
          const row = this.orders.get(name)
          if (row) this.orders.set(name, { ...row, ...patch } as OrderRow)
        },
        remove: async (name) => void this.orders.delete(name),
      },
      ledger: {
        list: async (_directory, since) => this.ledger.filter(({ at }) => at >= since.getTime()),
        append: async (_directory, entry) => void this.ledger.push(entry),
        prune: async (before) => {
          this.ledger = this.ledger.filter(({ at }) => at >= before.getTime())
        },
      },
    }
    const projects = { list: async () => [{ ref: 'shop', desired: 'running' }] }
    return { certificates, projects, transaction: (work) => work({ certificates }) }
  }

  /** A control over what is kept here; several may follow one another. */
  task(authority: SimulatedAuthority, effects: Effects): Task {
    const seal = sealWith(Buffer.alloc(32, 7))
    const [files, clock] = [this.#disk(), { now: () => this.now }]
    const log = { warn: (fields: object, message: string) => void this.warned.push({ fields, message }) }
    // What this authority issues is no certificate.
    const judge = () => ({ fault: null, names: [] })
    return certificatesTask({
      ...{ store: this.store(), files, paths: this.paths, seal, effects, domain: this.domain, log, clock },
      pairs: certificatePairs({ files, paths: this.paths, seal, judge, log, clock }),
      maker: {
        newKey: async () => 'key',
        newCsr: async (names) => names.join(),
        read: (chain) => {
          const issued = JSON.parse(chain) as Issued
          return { ...issued, issuer: 'simulated', ariId: issued.serial, isSelfSigned: false }
        },
      },
      authority: { directory: 'simulated', client: async () => authority.client() },
      dnsProvider: async () => (this.domain === 'localhost' ? null : this.#provider()),
      zoneServers: { spreadOf: async () => ({ servers: 0, lacking: [] }) },
      random: this.#chance.next,
      serving: async () => 'served',
      changed: () => {},
    })
  }

  #provider(): DnsProvider {
    return {
      propagationMs: 0,
      present: async ({ name, value }) => void this.records.add(`${name} ${value}`),
      cleanup: async ({ name, value }) => {
        if (!this.canCleanUp) throw DnsProviderFailed('simulated', 'may delete nothing')
        this.records.delete(`${name} ${value}`)
      },
    }
  }

  challenge(token: string): string | null {
    return this.files.get(`${this.paths.edgeChallenges}/${token}`) ?? null
  }

  #disk(): Files {
    const { files } = this
    return {
      unsound: async () => [],
      ensureDirectory: async () => {},
      read: async (path) => files.get(path) ?? null,
      look: async (path) => {
        const text = files.get(path)
        return text === undefined ? null : { uid: 0, gid: EDGE_UID, mode: 0o640, text }
      },
      stamp: async (path) => files.get(path) ?? null,
      write: async (path, text) => void files.set(path, text),
      list: async (folder) => {
        const names: string[] = []
        for (const path of files.keys())
          if (path.startsWith(`${folder}/`)) names.push(path.slice(folder.length + 1))
        return names
      },
      exists: async (path) => files.has(path),
      groupOf: async () => null,
      setGroup: async () => {},
      remove: async (path) => void files.delete(path),
      readLink: async () => null,
      switchLink: async () => {},
    }
  }
}
