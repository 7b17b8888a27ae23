/** Reads a text/event-stream: the data of each event, in order. */

export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n')
    let end = pending.indexOf('\n\n')
    while (end >= 0) {
      const data = dataOf(pending.slice(0, end))
      if (data !== undefined) yield data
      pending = pending.slice(end + 2)
      end = pending.indexOf('\n\n')
    }
  }
}

function dataOf(event: string): string | undefined {
  const lines = event.split('\n').filter((line) => line.startsWith('data:'))
  return lines.length === 0 ? undefined : lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n')
}
