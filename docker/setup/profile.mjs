/** The profile of the `cascata` command: where the instance answers, and an owner's token. For its user's eyes alone. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ApiFailed, controlApi } from './api.mjs'
import { config } from './config.mjs'
import { readClaim, restartControl, waitReady } from './control.mjs'

const CLAIM_TIMEOUT_MS = 20_000

/** Resolves to `{token, changed}`: the profile's own token where it is good, else one for the terminal's link. */
export async function ensureOwner(report) {
  const profile = await readProfile()
  if (profile?.token && (await isGood(profile.token))) return { token: profile.token, changed: false }
  const token = await claim(report)
  const { control_url } = await controlApi(token).status()
  await writeProfile({ control_url, token })
  return { token, changed: true }
}

const isGood = (token) =>
  controlApi(token)
    .status()
    .then(() => true)
    .catch((error) => {
      // Unclaimed: the profile is of an instance that was removed, and this one is new.
      if (error instanceof ApiFailed && (error.status < 500 || error.code === 'instance-unclaimed'))
        return false
      throw error
    })

/** Trades the printed one-time token for an API token; one that has run out is replaced by starting control again. */
async function claim(report) {
  const first = await redeem(await untilClaim(0))
  if (first) return first
  report('asking for a fresh one-time link')
  await restartControl()
  await waitReady(report)
  const second = await redeem(await untilClaim(CLAIM_TIMEOUT_MS))
  if (second) return second
  throw new Error(
    `The instance already has an owner, but ${config.profile} holds no token that it knows. ` +
      'Put one there as {"control_url": ..., "token": ...}, or name another file by CASCATA_PROFILE.',
  )
}

const redeem = async (oneTime) => {
  if (!oneTime) return undefined
  return controlApi()
    .claim(oneTime)
    .catch((error) => {
      if (error instanceof ApiFailed && error.status < 500) return undefined
      throw error
    })
}

async function untilClaim(timeoutMs) {
  const until = performance.now() + timeoutMs
  for (;;) {
    const found = await readClaim()
    if (found || performance.now() >= until) return found
    await wait(200)
  }
}

async function readProfile() {
  try {
    return JSON.parse(await readFile(config.profile, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

async function writeProfile(profile) {
  await mkdir(dirname(config.profile), { recursive: true, mode: 0o700 })
  const fresh = `${config.profile}.${process.pid}`
  await writeFile(fresh, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600 })
  await rename(fresh, config.profile)
}
