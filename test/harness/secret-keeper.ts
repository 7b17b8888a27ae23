/** Keeps what must not be told, and finds it again in what was. */

export type SecretKeeper = {
  /** Under a name that is told instead. @returns the secret */
  keep(name: string, secret: string): string
  names(): string[]
  /** Names of those that stand in the text, as they are, escaped or encoded. */
  foundIn(text: string): string[]
}

/** Shorter ones stand in many a text by chance. */
const LENGTH_MIN = 6

export function createSecretKeeper(): SecretKeeper {
  const kept = new Map<string, string>()
  return {
    keep(name, secret) {
      if (secret.length < LENGTH_MIN) throw new Error(`${name} is too short to be looked for`)
      if (kept.has(name)) throw new Error(`${name} is kept already`)
      kept.set(name, secret)
      return secret
    },
    names: () => [...kept.keys()],
    foundIn: (text) =>
      [...kept]
        .filter(([, secret]) => shapes(secret).some((shape) => text.includes(shape)))
        .map(([name]) => name),
  }
}

/** As a log, a URL or a header would have it. */
const shapes = (secret: string): string[] => [
  ...new Set([
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('hex'),
  ]),
]
