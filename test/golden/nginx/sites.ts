/** The models whose text is kept beside this file, each under the sentence that it stands for. */
import { EdgeSite } from '@cascata/control/edge/site'

const site = (domain: string, projects: readonly object[]): EdgeSite =>
  EdgeSite.parse({
    domain,
    controlUrl: domain === 'localhost' ? 'http://localhost:8080' : `https://${domain}`,
    workers: 2,
    projects,
  })

const MiB = 1024 * 1024
const running = (ref: string, slot = 1) => ({ ref, bodyBytesMax: 10 * MiB, answer: { slots: [slot] } })
const away = (ref: string, answer: 'paused' | 'importing') => ({ ref, bodyBytesMax: 10 * MiB, answer })

export const sites: Record<string, EdgeSite> = {
  'no-projects': site('localhost', []),
  'one-of-each-kind': site('localhost', [
    running('shop'),
    running('blog', 2),
    away('wiki', 'paused'),
    away('desk', 'importing'),
  ]),
  'a-real-domain': site('apps.example.com', [{ ...running('shop'), bodyBytesMax: 1024 * MiB }]),
  'the-longest-names': site(`${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(63)}.example`, [
    running(`r${'-x'.repeat(19)}y`),
  ]),
}
