/**
 * The container of an instance's control, made anew at will: as the set-up made it, but with a point at which it kills
 * itself, and telling each effect in its log. The engine does not start it again by itself.
 */
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { askEngine } from './engine-api.ts'
import type { Instance } from './instance.ts'
import { statusOn } from './socket-status.ts'

const Container = z.object({
  Config: z.looseObject({ Env: z.array(z.string()) }),
  HostConfig: z.looseObject({}),
})
const State = z.object({ State: z.object({ OOMKilled: z.boolean(), Status: z.string() }) })

const READY_TIMEOUT_MS = 30_000

export type Death = { exitCode: number; outOfMemory: boolean }

export class ControlContainer {
  readonly #name: string
  readonly #socket: string
  readonly #made: z.infer<typeof Container>
  /** Where the present one kills itself. */
  crashAt: string | undefined

  private constructor(name: string, socket: string, made: z.infer<typeof Container>) {
    this.#name = name
    this.#socket = socket
    this.#made = made
  }

  /** Of an instance that is up. */
  static async of(instance: Instance): Promise<ControlContainer> {
    const { text } = await askEngine('GET', `/containers/${nameOf(instance)}/json`)
    const socket = join(instance.home, 'run/_control/http/1.sock')
    return new ControlContainer(nameOf(instance), socket, Container.parse(JSON.parse(text)))
  }

  /** Another one of the same instance, on the same home. */
  beside(name: string): ControlContainer {
    return new ControlContainer(`${this.#name}-${name}`, this.#socket, this.#made)
  }

  /** Replaces the one there is, whatever its state; resolves when the new one is ready. */
  async start(crashAt?: string): Promise<void> {
    this.crashAt = crashAt
    await this.begin(crashAt === undefined ? [] : [`CASCATA_CRASH_AT=${crashAt}`])
    await this.#untilReady()
  }

  /** Replaces the one there is, and waits for nothing. @param settings `NAME=value`, in place of what it was made with */
  async begin(settings: readonly string[] = []): Promise<void> {
    const { Config, HostConfig } = this.#made
    await this.remove()
    const own = ['CASCATA_LOG_LEVEL=debug', ...settings]
    const names = new Set(own.map((line) => line.split('=')[0]))
    const Env = [...Config.Env.filter((line) => !names.has(line.split('=')[0])), ...own]
    await askEngine('POST', `/containers/create?name=${this.#name}`, {
      body: {
        ...{ ...Config, Env, Hostname: this.#name },
        HostConfig: { ...HostConfig, RestartPolicy: { Name: 'no' } },
      },
    })
    await askEngine('POST', `/containers/${this.#name}/start`)
  }

  async kill(): Promise<void> {
    await askEngine('POST', `/containers/${this.#name}/kill?signal=SIGKILL`)
    await this.untilDead(READY_TIMEOUT_MS)
  }

  async remove(): Promise<void> {
    await askEngine('DELETE', `/containers/${this.#name}?force=true&v=true`, { fine: [404] })
  }

  /** How it ended. @throws when it lives on. */
  async untilDead(withinMs: number): Promise<Death> {
    const ended = askEngine('POST', `/containers/${this.#name}/wait`)
    const late = pause(withinMs, undefined, { ref: false })
    const answer = await Promise.race([ended, late])
    if (!answer) throw new Error(`control was not killed within ${withinMs} ms`)
    const { StatusCode } = z.object({ StatusCode: z.number() }).parse(JSON.parse(answer.text))
    const { State: state } = await this.#state()
    return { exitCode: StatusCode, outOfMemory: state.OOMKilled }
  }

  /** Names of the effects that this control has begun, oldest first. */
  async effects(): Promise<string[]> {
    const log = await this.log()
    return [...log.matchAll(/"effect":"([^"]+)"/g)].map(([, name = '']) => name)
  }

  async log(): Promise<string> {
    return (await askEngine('GET', `/containers/${this.#name}/logs?stdout=true&stderr=true`)).text
  }

  async #state(): Promise<z.infer<typeof State>> {
    return State.parse(JSON.parse((await askEngine('GET', `/containers/${this.#name}/json`)).text))
  }

  /** A crash point may be reached while it starts: that is ready enough. */
  async #untilReady(): Promise<void> {
    const until = Date.now() + READY_TIMEOUT_MS
    for (let looks = 1; ; looks++) {
      if ((await statusOn(this.#socket, '/health/ready')) === 200) return
      if (looks % 20 === 0 && (await this.#state()).State.Status === 'exited') return
      if (Date.now() > until) throw new Error(`control is not ready:\n${(await this.log()).slice(-4_000)}`)
      await pause(15)
    }
  }
}

const nameOf = ({ name }: Instance) => `${name}-control`
