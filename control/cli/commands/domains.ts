/** `cascata domains ...`: names of a project's own. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Certificate, Certificates } from '@cascata/shared/contract/certificates'
import { ProjectDomain } from '@cascata/shared/contract/domains'
import type { Command } from 'commander'
import { z } from 'zod'
import type { Client } from '../client.ts'
import { type Context, path } from '../context.ts'
import { EXIT, Failure } from '../failure.ts'
import { list, type Output, table } from '../output.ts'

const All = z.object({ items: z.array(ProjectDomain) })

const WAIT_S = 600
const LOOK_EVERY_MS = 1_000

export function domainCommands(program: Command, context: Context): void {
  const domains = program.command('domains').description('names of projects of their own')
  addCommand(domains, context)
  listCommand(domains, context)
  showCommand(domains, context)
  changeCommand(domains, context)
  checkCommand(domains, context)
  removeCommand(domains, context)
}

type Rules = { redirectTo?: string; httpsOnly?: boolean }

const rulesOf = ({ redirectTo, httpsOnly }: Rules) => ({
  ...(redirectTo === undefined ? {} : { redirect_to: redirectTo === 'none' ? null : redirectTo }),
  ...(httpsOnly === undefined ? {} : { https_only: httpsOnly }),
})

function addCommand(domains: Command, context: Context): void {
  domains
    .command('add <ref> <name>')
    .description('attach a name, and say which DNS records it needs')
    .option('--redirect-to <name>', 'send its requests on to another name of the project')
    .option('--no-https-only', 'answer plain HTTP, too')
    .option('--wait', 'return when it is served, with a certificate where the instance gets them')
    .option('--timeout <seconds>', 'how long to wait', Number, WAIT_S)
    .action(
      async (
        ref: string,
        name: string,
        options: Rules & { wait?: true; timeout: number },
        command: Command,
      ) => {
        const [client, output] = [await context.client(), context.output(command)]
        const body = { name, ...rulesOf(options) }
        const added = await client.send('POST', path`/v1/projects/${ref}/domains`, ProjectDomain, { body })
        const shown = options.wait ? await served(client, added, { output, ...options }) : added
        output.result(shown, describe(shown))
      },
    )
}

function listCommand(domains: Command, context: Context): void {
  domains
    .command('list <ref>')
    .description("a project's names, with the DNS records of each")
    .action(async (ref: string, _options: unknown, command: Command) => {
      const { items } = await (await context.client()).get(path`/v1/projects/${ref}/domains`, All)
      context.output(command).result(items, table(LISTED, items.flatMap(listedRows)))
    })
}

const LISTED = ['NAME', 'STATUS', 'REDIRECTS TO', 'URL', 'RECORD', 'AT', 'VALUE']

/** A line for each record; what is said of the name stands on the first. */
export function listedRows({ readable, status, redirect_to: to, url, records }: ProjectDomain): unknown[][] {
  const lines = records.map(({ type, name, value }) => [type, name, value])
  return [lines[0] ?? [], ...lines.slice(1)].map((line, at) =>
    at === 0 ? [readable, status, to, url, ...line] : ['', '', '', '', ...line],
  )
}

function showCommand(domains: Command, context: Context): void {
  domains
    .command('show <ref> <name>')
    .description('its state, and the DNS records it needs')
    .action(async (ref: string, name: string, _options: unknown, command: Command) => {
      const found = await (await context.client()).get(placeOf(ref, name), ProjectDomain)
      context.output(command).result(found, describe(found))
    })
}

function changeCommand(domains: Command, context: Context): void {
  domains
    .command('set <ref> <name>')
    .description('change where it leads')
    .option('--redirect-to <name>', 'send its requests on to another name of the project; "none" serves it')
    .option('--https-only', 'send plain HTTP on to HTTPS')
    .option('--no-https-only', 'answer plain HTTP, too')
    .action(async (ref: string, name: string, options: Rules, command: Command) => {
      const client = await context.client()
      const changed = await client.send('PATCH', placeOf(ref, name), ProjectDomain, {
        body: rulesOf(options),
      })
      context.output(command).result(changed, describe(changed))
    })
}

function checkCommand(domains: Command, context: Context): void {
  domains
    .command('check <ref> <name>')
    .description('look at its DNS records now')
    .action(async (ref: string, name: string, _options: unknown, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const asked = await client.send('POST', `${placeOf(ref, name)}/check`, ProjectDomain)
      output.result(asked, describe(asked))
    })
}

function removeCommand(domains: Command, context: Context): void {
  domains
    .command('remove <ref> <name>')
    .description('detach a name; its certificate and key are removed')
    .action(async (ref: string, name: string, _options: unknown, command: Command) => {
      await (await context.client()).send('DELETE', placeOf(ref, name), z.unknown())
      context.output(command).result({ ref, name, removed: true }, `${name}: detached from ${ref}`)
    })
}

const placeOf = (ref: string, name: string): string => path`/v1/projects/${ref}/domains/${name}`

/** States in which nothing more is to be waited for; without an authority the placeholder stays. */
const SETTLED: ReadonlySet<Certificate['state']> = new Set(['valid', 'renewing', 'placeholder'])

/** @throws Failure when in time nothing has shown that the name is the project's, or no certificate came. */
async function served(
  client: Client,
  { ref, name }: ProjectDomain,
  { output, timeout }: { output: Output; timeout: number },
): Promise<ProjectDomain> {
  const deadline = Date.now() + timeout * 1_000
  let said = ''
  for (;;) {
    const now = await client.get(placeOf(ref, name), ProjectDomain)
    const certificate = now.status === 'unproven' ? undefined : await certificateOf(client, now)
    if (certificate !== undefined && SETTLED.has(certificate.state)) return now
    const { code, detail } = inTheWay(now, certificate)
    if (detail !== said) output.note(`${name}: ${detail}`)
    said = detail
    if (Date.now() > deadline) throw new Failure(EXIT.failed, code, `${name}: ${detail}`)
    await pause(LOOK_EVERY_MS)
  }
}

async function certificateOf(client: Client, { ref, name }: ProjectDomain): Promise<Certificate | undefined> {
  const { items } = await client.get(path`/v1/projects/${ref}/certificates`, Certificates)
  return items.find((each) => each.names.includes(name))
}

function inTheWay(domain: ProjectDomain, certificate: Certificate | undefined) {
  const waiting =
    domain.status === 'unproven'
      ? { code: 'domain-unproven', detail: 'its records are looked at' }
      : { code: 'certificate-not-found', detail: 'its certificate is asked for' }
  return certificate?.last_error ?? domain.last_problem ?? waiting
}

function describe({ records, last_problem: problem, ...domain }: ProjectDomain): string {
  const rows = records.map(({ type, name, value, purpose }) => [purpose, type, name, value])
  return [
    list(domain),
    ...(problem === null ? [] : [`problem        ${problem.detail}`]),
    '',
    domain.status === 'unproven'
      ? 'Set one of these; the TXT record shows whose the name is before it leads here:'
      : 'Records that lead here or show whose it is:',
    table(['PURPOSE', 'TYPE', 'NAME', 'VALUE'], rows),
  ].join('\n')
}
