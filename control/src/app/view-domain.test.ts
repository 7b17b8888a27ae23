import { describe, expect, test } from 'vitest'
import type { DomainRow } from '../store/tables/domains.ts'
import type { Instance } from './ports.ts'
import { viewDomain } from './view-domain.ts'

const row: DomainRow = {
  ...{
    id: '1',
    ref: 'shop',
    name: 'xn--bcher-kva.example',
    proof: '0a1b',
    redirectTo: null,
    httpsOnly: true,
  },
  ...{ lastProblem: null, checkedAt: null, verifiedAt: null, createdAt: '2026-01-01T00:00:00Z' },
}
const on = (domain: string, addresses: string[]): Instance => ({
  ...{ version: '1', imageTag: '1', home: '/home', controlUrl: 'http://x', edgeUrl: 'http://x', domain },
  ...{ projectUrl: (ref) => `https://${ref}.${domain}`, urlAt: (host) => `https://${host}` },
  ...{ addresses: () => addresses, diskOf: () => undefined },
  direct: { host: domain, sessionPort: 1, transactionPort: 2 },
})

const inWords = (view: ReturnType<typeof viewDomain>) =>
  view.records.map(({ purpose, type, name, value }) => `${purpose} ${type} ${name} ${value}`)

describe('the records of a name', () => {
  test('are an alias of the project, each address of the instance, and the proof', () => {
    expect(inWords(viewDomain(row, on('apps.example', ['203.0.113.7', '2001:db8::7'])))).toEqual([
      'serve CNAME xn--bcher-kva.example shop.apps.example',
      'serve A xn--bcher-kva.example 203.0.113.7',
      'serve AAAA xn--bcher-kva.example 2001:db8::7',
      'prove TXT _cascata.xn--bcher-kva.example cascata-domain=0a1b',
    ])
  })

  test('hold no alias of a name that leads nowhere', () => {
    expect(inWords(viewDomain(row, on('localhost', [])))).toEqual([
      'prove TXT _cascata.xn--bcher-kva.example cascata-domain=0a1b',
    ])
  })
})
