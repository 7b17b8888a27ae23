/** `WebSocket` for names under `localhost`, as {@link localFetch} is for requests: every such name is the loopback. */
import { WebSocket } from 'ws'

export class LocalWebSocket extends WebSocket {
  constructor(address: string | URL, protocols?: string | string[]) {
    const { hostname } = new URL(address)
    if (!/(^|\.)localhost$/.test(hostname)) throw new Error(`${hostname} is not this machine`)
    super(address, protocols, {
      lookup: (_name, { all }, done) => {
        if (all) done(null, [{ address: '127.0.0.1', family: 4 }])
        else done(null, '127.0.0.1', 4)
      },
    })
  }
}
