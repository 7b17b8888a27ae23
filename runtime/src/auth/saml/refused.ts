/** XML that is not what it should be. The reason may be shown: nothing of the document is in it. */
export class SamlRefused extends Error {
  override readonly name: string = 'SamlRefused'
}

/** Signed, by a key that is none of those that are known. */
export class UnknownKey extends SamlRefused {
  override readonly name = 'UnknownKey'
}

/** @throws SamlRefused */
export function assertSaml(condition: unknown, reason: string): asserts condition {
  if (!condition) throw new SamlRefused(reason)
}
