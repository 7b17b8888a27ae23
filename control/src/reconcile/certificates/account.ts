/** Our account at an authority: its key is made once for each directory, and sealed; its URL is kept once it is known. */
import type { AcmeClient } from '../../acme/port.ts'
import type { AcmeAccount } from '../../adapters/acme.ts'
import type { Seal } from '../../adapters/seal.ts'
import type { Queries } from '../../store/queries.ts'
import type { Authority } from './world.ts'

type Given = {
  directory: string
  store: { instance: Pick<Queries['instance'], 'get' | 'set' | 'insertOnce'> }
  seal: Seal
  newKey(): Promise<string>
  connect(account: AcmeAccount): Promise<AcmeClient>
}

export function authorityOf({ directory, store, seal, newKey, connect }: Given): Authority {
  const keyName = `acme-key:${directory}`
  const urlName = `acme-account:${directory}`
  let client: Promise<AcmeClient> | undefined
  const open = async () => {
    const known = await store.instance.get(keyName)
    const sealed = known ?? (await store.instance.insertOnce(keyName, seal.seal(keyName, await newKey())))
    return connect({
      key: seal.open(keyName, sealed),
      url: (await store.instance.get(urlName)) ?? null,
      keepUrl: (url) => store.instance.set(urlName, url),
    })
  }
  return {
    directory,
    client() {
      // One that could not be opened is opened anew.
      client ??= open().catch((error: unknown) => {
        client = undefined
        throw error
      })
      return client
    },
  }
}
