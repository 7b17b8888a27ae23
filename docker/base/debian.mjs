/**
 * Makes `debian:trixie-slim` where no registry has it: debootstrap from the machine's own mirror, brought up to
 * date, without documentation, translations and package lists, as Debian's published image is.
 */
import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { aptDump, aptInstall, aptSetting, proxyEnv } from '../setup/apt.mjs'
import { childEnv, config } from '../setup/config.mjs'
import { attempt, has, pipe, run } from '../setup/process.mjs'
import { mirrorsOf, parseList, parseSources, renderSources } from './mirror.mjs'

const SUITE = 'trixie'
const CA_FILE = '/etc/apt/site-ca.pem'

/** Raised when the recipe below changes: a base made by an older one is made anew. */
export const RECIPE = '1'

export async function makeDebian(tag, { docker, report }) {
  const work = join(config.state, 'base')
  const rootfs = join(work, 'rootfs')
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  try {
    await installTools(report)
    const apt = await aptDump()
    const sources = await findSources(work)
    report(`debootstrap ${SUITE} from ${sources[0].uri}`)
    await bootstrap(rootfs, sources[0].uri, { apt, work })
    await configureApt(rootfs, sources, apt)
    report('updating packages')
    await update(rootfs, apt)
    await slim(rootfs)
    report(`importing as ${tag}`)
    await pipe(
      ['tar', '-C', rootfs, '--numeric-owner', '--one-file-system', '--exclude=./dev/*', '-cf', '-', '.'],
      [
        ...docker,
        ...['import', '--change', 'CMD ["bash"]', '--change', `LABEL dev.cascata.base=${RECIPE}`, '-', tag],
      ],
      { env: childEnv },
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** debootstrap and the keys of Debian's archive, through the distribution's packages. */
async function installTools(report) {
  if (await has('debootstrap')) return
  if (!(await has('apt-get'))) {
    throw new Error(
      `No registry gave debian:${SUITE}-slim, and debootstrap, which could make it, is not installed. ` +
        'Install debootstrap, or let the engine reach an image registry.',
    )
  }
  report('installing debootstrap')
  await aptInstall(['debootstrap', 'debian-archive-keyring'])
}

/** The mirrors that really hold the release, as the machine's apt (its proxies and certificates included) sees it. */
async function findSources(work) {
  const { archive, security } = mirrorsOf(await readAptEntries())
  const holds = async (uri, suite) => {
    const target = join(work, 'InRelease')
    const url = `${uri}/dists/${suite}/InRelease`
    const helper = ['/usr/lib/apt/apt-helper', 'download-file', url, target]
    return (await attempt(helper, { timeoutMs: 60_000 })) !== undefined
  }
  const first = async (uris, suite) => {
    for (const uri of uris) if (await holds(uri, suite)) return uri
    return undefined
  }
  const main = await first(archive, SUITE)
  if (!main) {
    throw new Error(
      `None of the package mirrors ${archive.join(', ')} has ${SUITE}. Name one in the apt configuration.`,
    )
  }
  const suites = [SUITE]
  if (await holds(main, `${SUITE}-updates`)) suites.push(`${SUITE}-updates`)
  const fixes = await first(security, `${SUITE}-security`)
  return [{ uri: main, suites }, ...(fixes ? [{ uri: fixes, suites: [`${SUITE}-security`] }] : [])]
}

async function readAptEntries() {
  const folder = '/etc/apt/sources.list.d'
  const names = await readdir(folder).catch(() => [])
  const files = ['/etc/apt/sources.list', ...names.sort().map((name) => join(folder, name))]
  const parsed = files.map(async (file) => {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (file.endsWith('.sources')) return parseSources(text)
    return file.endsWith('.list') ? parseList(text) : []
  })
  return (await Promise.all(parsed)).flat()
}

async function bootstrap(rootfs, mirror, { apt, work }) {
  const wgetrc = join(work, 'wgetrc')
  // wget takes one file of authorities; the site's bundle holds the public ones too where it is a whole bundle.
  await writeFile(wgetrc, config.caFiles[0] ? `ca_certificate = ${config.caFiles[0]}\n` : '')
  const env = { ...childEnv, ...proxyEnv(apt), ...(config.caFiles[0] ? { WGETRC: wgetrc } : {}) }
  await run(['debootstrap', '--variant=minbase', SUITE, rootfs, mirror], { env, timeoutMs: 30 * 60_000 })
}

/** Builds of images use the same mirror the same way; `https` needs only the site's certificate, which comes along. */
async function configureApt(rootfs, sources, apt) {
  const etc = join(rootfs, 'etc/apt')
  await rm(join(etc, 'sources.list'), { force: true })
  await writeFile(join(etc, 'sources.list.d/debian.sources'), renderSources(sources))
  const lines = [
    'APT::Install-Recommends "false";',
    'Acquire::Languages "none";',
    'Dir::Cache::pkgcache "";',
    'Dir::Cache::srcpkgcache "";',
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };',
  ]
  // A mirror that is a snapshot has dates in the past; whoever runs it has told the machine's apt so.
  for (const name of ['Acquire::Check-Valid-Until', 'Acquire::Check-Date']) {
    const value = aptSetting(apt, name)
    if (value !== undefined) lines.push(`${name} "${value}";`)
  }
  if (sources.some(({ uri }) => uri.startsWith('https:'))) {
    const bundles = config.caFiles.length ? config.caFiles : ['/etc/ssl/certs/ca-certificates.crt']
    const texts = await Promise.all(bundles.map((file) => readFile(file, 'utf8')))
    await writeFile(join(rootfs, CA_FILE), texts.join('\n'))
    lines.push(`Acquire::https::CAInfo "${CA_FILE}";`)
  }
  await writeFile(join(etc, 'apt.conf.d/90cascata'), `${lines.join('\n')}\n`)
  await writeFile(
    join(rootfs, 'etc/dpkg/dpkg.cfg.d/90cascata'),
    `${['force-unsafe-io', 'path-exclude /usr/share/doc/*', 'path-include /usr/share/doc/*/copyright']
      .concat(['man', 'locale', 'info', 'lintian'].map((name) => `path-exclude /usr/share/${name}/*`))
      .join('\n')}\n`,
  )
  const policy = join(rootfs, 'usr/sbin/policy-rc.d')
  await writeFile(policy, '#!/bin/sh\n# No service starts while an image is built.\nexit 101\n')
  await chmod(policy, 0o755)
}

/** debootstrap takes the release as it came out; this takes the fixes since. */
async function update(rootfs, apt) {
  const env = {
    ...childEnv,
    ...proxyEnv(apt),
    DEBIAN_FRONTEND: 'noninteractive',
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  }
  await cp('/etc/resolv.conf', join(rootfs, 'etc/resolv.conf'), { dereference: true })
  await run(['chroot', rootfs, 'apt-get', 'update', '-q'], { env })
  await run(['chroot', rootfs, 'apt-get', 'upgrade', '-y', '-q'], { env })
  await run(['chroot', rootfs, 'apt-get', 'clean'], { env })
}

/** Leaves out what nobody reads in a container; licences stay. */
async function slim(rootfs) {
  const docs = join(rootfs, 'usr/share/doc')
  for (const name of await readdir(docs)) {
    for (const file of await readdir(join(docs, name)).catch(() => [])) {
      if (file !== 'copyright') await rm(join(docs, name, file), { recursive: true, force: true })
    }
  }
  const emptied = ['usr/share/man', 'usr/share/locale', 'usr/share/info', 'usr/share/lintian']
  emptied.push('var/lib/apt/lists', 'var/cache/apt/archives', 'var/cache/debconf', 'var/log')
  for (const folder of emptied) {
    for (const name of await readdir(join(rootfs, folder)).catch(() => [])) {
      await rm(join(rootfs, folder, name), { recursive: true, force: true })
    }
  }
  for (const file of ['etc/hostname', 'etc/resolv.conf', 'etc/machine-id', 'var/cache/ldconfig/aux-cache']) {
    await rm(join(rootfs, file), { force: true })
  }
}
