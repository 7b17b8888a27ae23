import { Domain } from '@cascata/shared/domain'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { renderEdge } from './render.ts'
import { CertificateName, ControlUrl, EdgeSite, Network, ProjectSite } from './site.ts'

const certificate = { name: 'localhost', trusted: false }
const project = (ref: string, answer: object | string = { slots: [1] }) => ({
  ...{ ref, answer, bodyBytesMax: 1_000, hstsMaxAgeS: null, maintenance: null },
  names: [{ name: `${ref}.localhost`, certificate, redirectTo: null, httpsOnly: false }],
})

const siteOf = (projects: readonly object[]) =>
  EdgeSite.parse({
    ...{ domain: 'localhost', certificate, controlUrl: 'http://localhost:8080', workers: 2, projects },
    ...{ httpPort: 8080, httpsPort: 8443, trustedProxies: [] },
  })

describe('a domain', () => {
  test.each(['localhost', 'example.com', 'a.b-c.d1', `${'x'.repeat(63)}.example`])('may be %j', (domain) => {
    expect(Domain.safeParse(domain).success).toBe(true)
  })

  test.each([
    '',
    'Example.com',
    'a_b',
    '-a.com',
    'a-.com',
    'a..b',
    'a.b.',
    'a b',
    'a;b',
    'a\n',
    '$host',
    '"',
    '{}',
    `${'x'.repeat(64)}.example`,
    '*.example.com',
  ])('is never %j', (domain) => {
    expect(Domain.safeParse(domain).success).toBe(false)
  })
})

describe('the text', () => {
  test('holds no name that means something to nginx: such a name never becomes a site', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (hostile) => {
        const parsed = ProjectSite.safeParse(project(hostile))
        if (parsed.success) expect(hostile).toMatch(/^[a-z][a-z0-9-]*$/)
        if (ControlUrl.safeParse(hostile).success) expect(hostile).toMatch(/^[a-z0-9:/.-]+$/)
        if (Domain.safeParse(hostile).success) expect(hostile).toMatch(/^[a-z0-9.-]+$/)
        if (CertificateName.safeParse(hostile).success) expect(hostile).toMatch(/^[a-z0-9._-]+$/)
        if (Network.safeParse(hostile).success) expect(hostile).toMatch(/^[0-9a-fA-F:./]+$/)
      }),
    )
  })

  test('is the same whatever the order of the projects', () => {
    const of = (refs: readonly string[]) => renderEdge(siteOf(refs.map((ref) => project(ref))))
    expect(of(['blog', 'shop'])).toEqual(of(['shop', 'blog']))
  })

  test('sends no request to a project that is paused or being filled', () => {
    const projects = [project('wiki', 'paused'), project('desk', 'importing')]
    const { text } = renderEdge(siteOf(projects))
    expect(text).not.toMatch(/upstream project_|\/run\/cascata\/(?:wiki|desk)/)
    expect(text).toContain('server_name wiki.localhost;')
  })

  test('closes every brace and quote', () => {
    const projects = [project('shop'), project('wiki', 'paused')]
    const { text } = renderEdge(siteOf(projects))
    const code = text.replaceAll(/^ *#.*$/gm, '').replaceAll(/'[^']*'/g, "''")
    expect(code.split('{').length).toBe(code.split('}').length)
    expect(code.split("'").length % 2).toBe(1)
  })
})
