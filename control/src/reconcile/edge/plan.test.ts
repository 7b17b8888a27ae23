import { Domain } from '@cascata/shared/domain'
import { describe, expect, test } from 'vitest'
import { CertificateName } from '../../edge/site.ts'
import { edgeSpec, type Site, specHash } from '../../engine/spec.ts'
import { pathsOf } from '../../paths.ts'
import { type EdgeObserved, type EdgeStep, type EdgeWanted, planEdge } from './plan.ts'

const site: Site = {
  instance: 'cascata',
  imageTag: '0.1.0',
  paths: pathsOf('/home'),
  bind: ['127.0.0.1'],
  httpPort: 8080,
  httpsPort: 8443,
  dbSessionPort: 15_432,
  dbTransactionPort: 16_543,
}
const spec = edgeSpec(site)
const placeholder = { certificate: CertificateName.parse('localhost'), name: Domain.parse('localhost') }
const wanted: EdgeWanted = {
  ...{ rendered: { text: 'new', digest: 'new' }, routes: { shop: [1] } },
  ...{ placeholders: [placeholder], spec },
}

const container: NonNullable<EdgeObserved['container']> = {
  name: spec.name,
  project: '_system',
  role: 'edge',
  state: 'running',
  health: 'none',
  spec: specHash(spec),
  image: spec.image,
  networks: [],
  exitCode: null,
}
const settled: EdgeObserved = {
  container,
  unsound: [],
  certificates: ['localhost.crt', 'localhost.key'],
  whole: new Set(['localhost']),
  named: ['localhost'],
  isRewritten: false,
  candidates: [{ name: 'candidate-4', digest: 'new' }],
  current: 'candidate-4',
  serving: 'new',
}
const nothing: EdgeObserved = {
  container: undefined,
  unsound: [{ path: '/home/edge', uid: 0, gid: 990, mode: 0o750 }],
  certificates: [],
  whole: new Set(),
  named: [],
  isRewritten: false,
  candidates: [],
  current: null,
  serving: null,
}
const old: EdgeObserved = { ...settled, candidates: [{ name: 'candidate-4', digest: 'old' }], serving: 'old' }

const inWords = (step: EdgeStep): string => {
  switch (step.do) {
    case 'edge.write':
    case 'edge.test':
    case 'edge.switch':
      return `${step.do} ${step.name}`
    case 'edge.probe':
      return `${step.do} ${step.digest}${step.back === null ? '' : ` or back to ${step.back}`}`
    case 'edge.prune':
      return `${step.do} ${[...step.names, ...step.certificates].join(' ')}`
    case 'edge.certificate':
      return `${step.do} ${step.placeholder.certificate}`
    default:
      return step.do
  }
}

describe('planEdge', () => {
  test.each<[string, EdgeObserved, string[]]>([
    ['rests when nginx serves what it should', settled, []],
    [
      'begins with a certificate and a first configuration',
      nothing,
      [
        'directories.ensure',
        'edge.certificate localhost',
        'edge.write candidate-1',
        'edge.switch candidate-1',
        'edge.create',
        'edge.start',
        'edge.probe new',
      ],
    ],
    [
      'tests before it switches, and can go back',
      old,
      [
        'edge.write candidate-5',
        'edge.test candidate-5',
        'edge.switch candidate-5',
        'edge.reload',
        'edge.probe new or back to candidate-4',
      ],
    ],
    [
      'reloads what was switched and not loaded',
      { ...settled, serving: 'old' },
      ['edge.reload', 'edge.probe new'],
    ],
    [
      'starts a stopped nginx with the configuration it had',
      { ...old, container: { ...container, state: 'exited' }, serving: null },
      ['edge.start', 'edge.probe old'],
    ],
    [
      'makes a removed nginx anew',
      { ...settled, container: undefined, serving: null },
      ['edge.create', 'edge.start', 'edge.probe new'],
    ],
    [
      'replaces an nginx of another spec',
      { ...settled, container: { ...container, spec: 'other' } },
      ['edge.stop', 'edge.remove', 'edge.create', 'edge.start', 'edge.probe new'],
    ],
    [
      'keeps the configuration before, for the way back, and drops the rest',
      {
        ...settled,
        candidates: [
          { name: 'candidate-1', digest: 'a' },
          { name: 'candidate-3', digest: 'b' },
          { name: 'candidate-4', digest: 'new' },
          { name: 'candidate-10', digest: null },
        ],
      },
      ['edge.prune candidate-1 candidate-10'],
    ],
    [
      'drops what was refused before it writes another one',
      {
        ...settled,
        ...{ current: 'candidate-3', serving: 'old' },
        candidates: [
          { name: 'candidate-2', digest: 'older' },
          { name: 'candidate-3', digest: 'old' },
          { name: 'candidate-4', digest: 'refused' },
          { name: 'candidate-5', digest: 'refused' },
        ],
      },
      [
        ...['edge.prune candidate-4 candidate-5', 'edge.write candidate-6', 'edge.test candidate-6'],
        ...['edge.switch candidate-6', 'edge.reload', 'edge.probe new or back to candidate-3'],
      ],
    ],
    [
      'keeps what nginx serves, where that is not the one in use',
      {
        ...settled,
        ...{ current: 'candidate-4', serving: 'slow' },
        candidates: [
          { name: 'candidate-3', digest: 'older' },
          { name: 'candidate-4', digest: 'new' },
          { name: 'candidate-5', digest: 'slow' },
          { name: 'candidate-6', digest: null },
        ],
      },
      ['edge.prune candidate-3 candidate-6', 'edge.reload', 'edge.probe new'],
    ],
    [
      'keeps one, where none is in use and nginx says nothing',
      {
        ...settled,
        ...{ current: null, serving: null },
        candidates: ['a', 'b', 'c'].map((digest, at) => ({ name: `candidate-${at + 1}`, digest })),
      },
      [
        ...['edge.prune candidate-1 candidate-2', 'edge.write candidate-4', 'edge.test candidate-4'],
        ...['edge.switch candidate-4', 'edge.reload', 'edge.probe new'],
      ],
    ],
    [
      'makes a certificate for a name that has none, before it is named in a configuration',
      { ...old, certificates: [], whole: new Set() },
      [
        'edge.certificate localhost',
        'edge.write candidate-5',
        'edge.test candidate-5',
        'edge.switch candidate-5',
        'edge.reload',
        'edge.probe new or back to candidate-4',
      ],
    ],
    [
      'makes a damaged placeholder anew, and has nginx read it',
      { ...settled, whole: new Set() },
      ['edge.certificate localhost', 'edge.reload', 'edge.probe new'],
    ],
    [
      'has nginx read what was mended: it may have read the damaged one',
      { ...settled, isRewritten: true },
      ['edge.reload', 'edge.probe new'],
    ],
    [
      'starts no nginx with a configuration that names a damaged pair',
      {
        ...old,
        container: { ...container, state: 'exited' },
        serving: null,
        named: ['localhost', 'shop.aaaaaaaa'],
      },
      ['edge.write candidate-5', 'edge.switch candidate-5', 'edge.start', 'edge.probe new'],
    ],
    [
      'starts it with the one it had when all that is damaged is a placeholder, which is made anew',
      { ...old, container: { ...container, state: 'exited' }, serving: null, whole: new Set() },
      ['edge.certificate localhost', 'edge.start', 'edge.probe old'],
    ],
    [
      'removes the certificate of a name that is gone, once nothing served names it',
      { ...settled, certificates: [...settled.certificates, 'self_shop.test.crt', 'self_shop.test.key'] },
      ['edge.prune self_shop.test.crt self_shop.test.key'],
    ],
    [
      'does not trust half a candidate',
      {
        ...settled,
        candidates: [{ name: 'candidate-4', digest: null }],
        container: undefined,
        serving: null,
      },
      ['edge.write candidate-5', 'edge.switch candidate-5', 'edge.create', 'edge.start', 'edge.probe new'],
    ],
  ])('%s', (_sentence, seen, expected) => {
    expect(planEdge(wanted, seen).map(inWords)).toEqual(expected)
  })
})
