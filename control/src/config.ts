/** Environment -> one frozen `Config`. Nobody else reads the environment; what is wrong in it is said all at once. */
import { SLEEP_MINUTES_MAX, type SleepAfter } from '@cascata/shared/contract/sleep-settings'
import { Domain } from '@cascata/shared/domain'
import { VERSION } from '@cascata/shared/version'
import { z } from 'zod'
import { isOpenToStrangersByIpv6 } from './bind.ts'

const port = (byDefault: number) => z.coerce.number().int().min(1).max(65_535).default(byDefault)
const path = z
  .string()
  .regex(/^\/[\w./-]*[\w-]$/, 'an absolute path of letters, digits, ".", "_", "-" and "/"')

/** The longest socket path under a home, `/run/<40 characters>/http/99.sock`, must fit into 107 bytes. */
const HOME_LENGTH_MAX = 107 - '/run//http/99.sock'.length - 40

const list = (item: z.ZodType<string, string>) =>
  z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((piece) => piece.trim() || []))
    .pipe(z.array(item))

const address = z.union([z.ipv4(), z.ipv6()], { error: 'an IPv4 or IPv6 address' })
const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], { error: 'an address or a network' })
const nameServer = z
  .string()
  .regex(/^(?:[0-9.]+|\[[0-9a-f:]+\]|[0-9a-f:]+)(?::[0-9]{1,5})?$/, 'an address, with a port or without')

/** Below it every address is a name already: `203-0-113-7.sslip.io` leads to 203.0.113.7, and so does all below it. */
const SSLIP = 'sslip.io'

/** A ref stands before it, and a name has 253 characters at most. */
const DOMAIN_LENGTH_MAX = 200

/** Let's Encrypt's. */
const ACME_DIRECTORY = 'https://acme-v02.api.letsencrypt.org/directory'

const CRASH_POINT = /^(?:before|after):[a-z][a-z0-9.-]*(?:@[a-z_][a-z0-9_-]*)?$/

const Environment = z.object({
  CASCATA_HOME: path
    .max(HOME_LENGTH_MAX, `at most ${HOME_LENGTH_MAX} characters: sockets below it have long names`)
    .default('/var/lib/cascata'),
  CASCATA_DOMAIN: Domain.refine(
    (name) => name.length <= DOMAIN_LENGTH_MAX,
    `at most ${DOMAIN_LENGTH_MAX} characters`,
  ).default(Domain.parse('localhost')),
  CASCATA_INSTANCE: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/, '2 to 32 of a-z, 0-9 and "-"')
    .default('cascata'),
  CASCATA_HTTP_PORT: z.string().optional(),
  CASCATA_HTTPS_PORT: z.string().optional(),
  CASCATA_BIND: list(address),
  CASCATA_HTTP3: z.enum(['on', 'off']).default('off'),
  CASCATA_PUBLIC_ADDRESS: list(address),
  CASCATA_DNS_SERVERS: list(nameServer),
  CASCATA_TRUSTED_PROXIES: list(network),
  CASCATA_IMAGE_TAG: z
    .string()
    .regex(/^[\w][\w.-]{0,127}$/, 'a tag of an image')
    .default(VERSION),
  CASCATA_DOCKER_SOCKET: path.default('/var/run/docker.sock'),
  CASCATA_CGROUPS: path.optional(),
  CASCATA_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  CASCATA_SLEEP_AFTER_MINUTES: z
    .union([z.literal('never'), z.coerce.number().int().min(1).max(SLEEP_MINUTES_MAX)], {
      error: `"never", or minutes from 1 to ${SLEEP_MINUTES_MAX}`,
    })
    .optional(),
  CASCATA_PG_BIN: path.optional(),
  CASCATA_ACME_DIRECTORY: z.url({ protocol: /^https$/ }).optional(),
  CASCATA_ACME_EMAIL: z.email().optional(),
  CASCATA_ACME_CA: path.optional(),
  CASCATA_CRASH_AT: z
    .string()
    .regex(CRASH_POINT, '"before:<effect>" or "after:<effect>", with "@<ref>" or without')
    .optional(),
})

export type Config = Readonly<{
  version: string
  home: string
  domain: Domain
  instance: string
  httpPort: number
  httpsPort: number
  http3: boolean
  /** Where Postgres is reached while a project is open to that: a connection for a session, or for a transaction. */
  dbSessionPort: number
  dbTransactionPort: number
  /** Addresses on the host at which the edge is published, and the pooler at those of them where it may (engine/spec.ts). */
  bind: readonly string[]
  /** IP addresses that lead here; the domain's own are asked of DNS when there are none. */
  publicAddresses: readonly string[]
  /** Asked for the records of names; those of the machine when there are none. */
  dnsServers: readonly string[]
  /** Whose word on the caller's address the edge takes: proxies in front of it. */
  trustedProxies: readonly string[]
  imageTag: string
  dockerSocket: string
  /** Where the machine's control groups are mounted; the engine is asked where they are not. */
  cgroups: string | undefined
  logLevel: string
  /** When projects go to sleep that say nothing of it. */
  sleepAfterMinutes: SleepAfter
  /** Where `pg_dump` and `pg_restore` are, when not on the path. */
  pgBin: string | undefined
  /** Whom certificates are asked of; null asks nobody. */
  acme: Readonly<{
    directory: string
    /** For the authority's warnings. */
    email: string | null
    /** PEM file of who signed the directory's own certificate, when the system does not know it. */
    caFile: string | null
  }> | null
  /** Fault injection of the crash matrix. */
  crashAt: string | undefined
}>

export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid'
}

/** @throws ConfigInvalid with one line for each thing that is wrong. */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  // An empty value is what a compose file or a shell makes of one that is not set.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const read = Environment.safeParse(set)
  if (!read.success) throw invalid(read.error)
  const given = read.data
  const domain = domainOf(given.CASCATA_DOMAIN, given.CASCATA_PUBLIC_ADDRESS)
  const isLocal = domain === 'localhost'
  const ports = z
    .object({
      CASCATA_HTTP_PORT: port(isLocal ? 8080 : 80),
      CASCATA_HTTPS_PORT: port(isLocal ? 8443 : 443),
      CASCATA_DB_SESSION_PORT: port(isLocal ? 15_432 : 5432),
      CASCATA_DB_TRANSACTION_PORT: port(isLocal ? 16_543 : 6543),
    })
    .safeParse(set)
  if (!ports.success) throw invalid(ports.error)
  return Object.freeze({
    version: VERSION,
    home: given.CASCATA_HOME,
    domain,
    instance: given.CASCATA_INSTANCE,
    httpPort: ports.data.CASCATA_HTTP_PORT,
    httpsPort: ports.data.CASCATA_HTTPS_PORT,
    http3: given.CASCATA_HTTP3 === 'on',
    dbSessionPort: ports.data.CASCATA_DB_SESSION_PORT,
    dbTransactionPort: ports.data.CASCATA_DB_TRANSACTION_PORT,
    bind: bindOf(given, isLocal),
    publicAddresses: given.CASCATA_PUBLIC_ADDRESS,
    dnsServers: given.CASCATA_DNS_SERVERS,
    trustedProxies: given.CASCATA_TRUSTED_PROXIES,
    imageTag: given.CASCATA_IMAGE_TAG,
    dockerSocket: given.CASCATA_DOCKER_SOCKET,
    cgroups: given.CASCATA_CGROUPS,
    logLevel: given.CASCATA_LOG_LEVEL,
    // With a domain somebody waits at the other end: whoever wants the memory back says so.
    sleepAfterMinutes: given.CASCATA_SLEEP_AFTER_MINUTES ?? (isLocal ? 30 : 'never'),
    pgBin: given.CASCATA_PG_BIN,
    acme: acmeOf(given),
    crashAt: given.CASCATA_CRASH_AT,
  })
}

/** @throws ConfigInvalid when the name is to be made from an address, and none is given. */
function domainOf(given: Domain, addresses: readonly string[]): Domain {
  if (given !== SSLIP) return given
  const [first] = addresses.filter((each) => !each.includes(':'))
  if (first === undefined)
    throw new ConfigInvalid(`CASCATA_DOMAIN: ${SSLIP} needs an IPv4 address in CASCATA_PUBLIC_ADDRESS`)
  return Domain.parse(`${first.replaceAll('.', '-')}.${SSLIP}`)
}

/**
 * In a container control cannot see whether the machine has IPv6: the set-up does, and says so.
 *
 * @throws ConfigInvalid where a stranger could be taken for a proxy
 */
function bindOf(given: z.infer<typeof Environment>, isLocal: boolean): readonly string[] {
  const { CASCATA_BIND: named, CASCATA_TRUSTED_PROXIES: proxies } = given
  const bind = named.length > 0 ? [...new Set(named)] : [isLocal ? '127.0.0.1' : '0.0.0.0']
  const open = bind.find(isOpenToStrangersByIpv6)
  if (open !== undefined && proxies.length > 0)
    throw new ConfigInvalid(
      `CASCATA_BIND: ${open} does not go together with CASCATA_TRUSTED_PROXIES: Docker shows whoever comes over IPv6 as an address of its own, which may be among those. Name IPv4 addresses and ::1 alone.`,
    )
  return Object.freeze(bind)
}

/** Naming either is the wish to have certificates: whoever says nothing talks to nobody. */
function acmeOf(given: z.infer<typeof Environment>): Config['acme'] {
  const { CASCATA_ACME_DIRECTORY: directory, CASCATA_ACME_EMAIL: email, CASCATA_ACME_CA: caFile } = given
  if (directory === undefined && email === undefined) return null
  return Object.freeze({
    directory: directory ?? ACME_DIRECTORY,
    email: email ?? null,
    caFile: caFile ?? null,
  })
}

const invalid = (error: z.ZodError): ConfigInvalid =>
  // The name alone: which piece of a list it was, nobody counts.
  new ConfigInvalid(error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`).join('\n'))

const withPort = (url: string, port: number, standard: number) => (port === standard ? url : `${url}:${port}`)

/** Where this machine reaches itself, as a URL has it. */
function hostAt(bind: readonly string[]): string {
  const first = bind.find((each) => !each.includes(':')) ?? bind[0] ?? '127.0.0.1'
  if (first === '0.0.0.0') return '127.0.0.1'
  if (!first.includes(':')) return first
  return first === '::' ? '[::1]' : `[${first}]`
}

/** Where people find things. Without a domain of its own an instance is reached by plain HTTP on this machine. */
export function urlsOf({ domain, httpPort, httpsPort, bind, dbSessionPort, dbTransactionPort }: Config) {
  const at = (host: string) =>
    domain === 'localhost'
      ? withPort(`http://${host}`, httpPort, 80)
      : withPort(`https://${host}`, httpsPort, 443)
  return {
    controlUrl: at(domain),
    projectUrl: (ref: string) => at(`${ref}.${domain}`),
    urlAt: at,
    direct: { host: domain, sessionPort: dbSessionPort, transactionPort: dbTransactionPort },
    edgeUrl: withPort(`http://${hostAt(bind)}`, httpPort, 80),
  }
}
