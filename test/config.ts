/** What the environment says to the tests; nothing else here reads it. */
export function simulatorSeed(): number | undefined {
  const text = process.env.CASCATA_SEED
  return text === undefined ? undefined : Number(text)
}
