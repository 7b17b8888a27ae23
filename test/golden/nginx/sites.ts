/** The models whose text is kept beside this file, each under the sentence that it stands for. */
import { placeholderOf } from '@cascata/control/edge/placeholder'
import { EdgeSite } from '@cascata/control/edge/site'
import { Domain } from '@cascata/shared/domain'

type Project = { ref: string; names?: readonly object[] } & Record<string, unknown>

/** `trusted`: as when an authority has signed for the instance's domain and all below it. */
export function site(
  domain: string,
  projects: readonly Project[],
  more: Record<string, unknown> = {},
): EdgeSite {
  const isLocal = domain === 'localhost'
  const certificate = { ...placeholderOf(Domain.parse(domain), Domain.parse(domain)), trusted: !isLocal }
  return EdgeSite.parse({
    ...{ domain, certificate, workers: 2, trustedProxies: [] },
    controlUrl: isLocal ? 'http://localhost:8080' : `https://${domain}`,
    ...(isLocal ? { httpPort: 8080, httpsPort: 8443 } : { httpPort: 80, httpsPort: 443 }),
    ...more,
    projects: projects.map(({ names = [], ...project }) => ({
      ...{ bodyBytesMax: 10 * MiB, hstsMaxAgeS: null, maintenance: null, ...project },
      names: [
        { name: `${project.ref}.${domain}`, certificate, redirectTo: null, httpsOnly: !isLocal },
        ...names.map((each) => ({ redirectTo: null, httpsOnly: true, ...each })),
      ],
    })),
  })
}

const MiB = 1024 * 1024
export const running = (ref: string, slot = 1) => ({ ref, answer: { slots: [slot] } })
const away = (ref: string, answer: 'paused' | 'importing') => ({ ref, answer })
const named = (name: string, trusted: boolean) => ({
  name,
  certificate: { ...placeholderOf(Domain.parse('localhost'), Domain.parse(name)), trusted },
})

export const sites: Record<string, EdgeSite> = {
  'no-projects': site('localhost', []),
  'one-of-each-kind': site('localhost', [
    running('shop'),
    running('blog', 2),
    away('wiki', 'paused'),
    away('desk', 'importing'),
  ]),
  'names-of-its-own': site('localhost', [
    {
      ...running('shop'),
      hstsMaxAgeS: 31_536_000,
      names: [
        named('shop.example', true),
        { ...named('www.shop.example', true), redirectTo: 'shop.example' },
        { ...named('old-shop.example', false), redirectTo: 'shop.localhost' },
        { ...named('plain.example', true), httpsOnly: false },
      ],
    },
  ]),
  'under-maintenance': site('localhost', [
    {
      ...running('shop'),
      maintenance: { message: `"Back" at 5, 'sure' & <b>$request_uri</b> \\ {;}\n# soon`, retryAfterS: 600 },
    },
  ]),
  'behind-a-proxy': site('apps.example.com', [running('shop')], {
    trustedProxies: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'],
    ...{ httpPort: 8000, httpsPort: 8001, http3: true },
  }),
  'several-replicas': site('localhost', [{ ...running('shop'), answer: { slots: [1, 3, 4] } }]),
  'a-real-domain': site('apps.example.com', [{ ...running('shop'), bodyBytesMax: 1024 * MiB }]),
  'the-longest-names': site(`${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(63)}.example`, [
    running(`r${'-x'.repeat(19)}y`),
  ]),
}
