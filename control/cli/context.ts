/** What every command is given: who to ask and how to speak. The profile is read on first use, so that help needs none. */
import type { Command } from 'commander'
import { type Client, createClient } from './client.ts'
import type { CliConfig } from './config.ts'
import { createOutput, type Output } from './output.ts'
import { readProfile } from './profile.ts'

export type Context = {
  config: CliConfig
  output(command: Command): Output
  client(): Promise<Client>
}

export function createContext(config: CliConfig): Context {
  let client: Promise<Client> | undefined
  return {
    config,
    output: (command) => createOutput(command.optsWithGlobals().json === true),
    client: () => {
      client ??= readProfile(config).then(createClient)
      return client
    },
  }
}

/** `/v1/projects/${segment}`: what a person typed never changes the path's shape. */
export const path = (strings: TemplateStringsArray, ...segments: string[]): string =>
  strings.reduce((all, text, at) => `${all}${encodeURIComponent(segments[at - 1] ?? '')}${text}`)
