/**
 * Asks the project's hooks: says who they are, sends what GoTrue sends, and reads what they answer.
 *
 * A hook that fails stops what it was asked about: a token without the claims it was to have, or a user whom the hook
 * would have refused, is worse than an error.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '@cascata/shared/clock'
import { z } from 'zod'
import { HookFailed, HookRefused } from './errors.ts'
import { GOTRUE_NAMES, HOOK_OUTPUTS, type HookInputs, type HookName, type HookOutputs } from './payloads.ts'
import { askFunction, type CallFunction, isFunctionUri } from './postgres-function.ts'
import { askEndpoint, HTTP_PACE, type HttpHook, type HttpPace } from './signed-http.ts'

export type HookSettings = { readonly [Name in HookName]?: HttpHook | undefined }

export type HookContext = {
  /** Left out where there is none. */
  ipAddress?: string | undefined
  signal: AbortSignal
  /** Where functions run. */
  call: CallFunction
}

export type Hooks = {
  has(name: HookName): boolean
  /** Whether it is an endpoint, which may take its time: then no connection to the database is to wait for it. */
  isOutside(name: HookName): boolean
  /**
   * @returns undefined when the project has no such hook
   * @throws HookRefused, and the other problems of errors.ts
   */
  ask<Name extends HookName>(
    name: Name,
    input: HookInputs[Name],
    context: HookContext,
  ): Promise<HookOutputs[Name] | undefined>
}

type Deps = { settings: () => HookSettings; clock: Clock; pace?: HttpPace }

export function createHooks({ settings, clock, pace = HTTP_PACE }: Deps): Hooks {
  return {
    has: (name) => settings()[name] !== undefined,
    isOutside(name) {
      const hook = settings()[name]
      return hook !== undefined && !isFunctionUri(hook.uri)
    },
    async ask(name, input, { ipAddress, signal, call }) {
      const hook = settings()[name]
      if (hook === undefined) return undefined
      const payload = JSON.stringify({ metadata: metadataOf(name, { clock, ipAddress }), ...input })
      const answer = isFunctionUri(hook.uri)
        ? await askFunction(hook.uri, { payload, call })
        : await askEndpoint(hook, payload, { clock, pace, signal })
      throwRefusal(answer)
      return outputOf(name, answer)
    },
  }
}

const metadataOf = (
  name: HookName,
  { clock, ipAddress }: { clock: Clock; ipAddress: string | undefined },
) => ({
  uuid: randomUUID(),
  time: new Date(clock.now()).toISOString(),
  name: GOTRUE_NAMES[name],
  ...(ipAddress !== undefined && { ip_address: ipAddress }),
})

const Refusal = z.object({
  error: z.object({ http_code: z.number().optional(), message: z.string().min(1) }),
})

function throwRefusal(answer: unknown): void {
  const { data } = Refusal.safeParse(answer)
  if (data) throw new HookRefused(data.error.message, data.error.http_code)
}

/** No answer at all changes nothing, but for claims: there is no token without them. */
function outputOf<Name extends HookName>(name: Name, answer: unknown): HookOutputs[Name] {
  const { success, data, error } = HOOK_OUTPUTS[name].safeParse(answer ?? {})
  if (success) return data as HookOutputs[Name]
  const wrong = error.issues.map(({ path }) => path.join('.') || 'the whole of it').join(', ')
  throw HookFailed(`answered with something that cannot be used: ${wrong}`).because(error)
}
