/**
 * Says what is going on: a line for each step with its outcome and time. On a terminal the line of the step under
 * way is rewritten in place; in a log each step is one line, and a long one says once in a while that it lives.
 */
const WAIT_NOTICE_MS = 30_000
const REDRAW_MS = 250

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`

export class Steps {
  #out
  #started = performance.now()
  /** Whether any step so far found something to do. */
  changed = false

  constructor(out = process.stdout) {
    this.#out = out
  }

  get seconds() {
    return seconds(performance.now() - this.#started)
  }

  /**
   * Runs one step. `work` gets `report(text)` for what it is doing now and resolves to `false` when nothing had to
   * change, to a text for the line, or to anything else.
   */
  async run(name, work) {
    const line = new Line(this.#out, name)
    try {
      const result = await work((text) => line.say(text))
      const idle = result === false
      if (!idle) this.changed = true
      line.end(idle ? 'unchanged' : 'done', typeof result === 'string' ? result : '')
      return result
    } catch (error) {
      line.end('FAILED', '')
      throw error
    }
  }

  say(text = '') {
    this.#out.write(`${text}\n`)
  }
}

class Line {
  #out
  #name
  #text = ''
  #since = performance.now()
  #timer

  constructor(out, name) {
    this.#out = out
    this.#name = name
    this.#timer = setInterval(() => this.#tick(), out.isTTY ? REDRAW_MS : WAIT_NOTICE_MS)
    this.#timer.unref()
  }

  say(text) {
    this.#text = text.replaceAll(/\s+/g, ' ').trim()
    if (this.#out.isTTY) this.#tick()
  }

  #head() {
    return `${this.#name.padEnd(14)} ${seconds(performance.now() - this.#since).padStart(8)}`
  }

  #tick() {
    const line = `  ${this.#head()}  ${this.#text || 'under way'}`
    if (this.#out.isTTY) this.#out.write(`\r\x1b[2K${line.slice(0, (this.#out.columns ?? 80) - 1)}`)
    else this.#out.write(`${line}\n`)
  }

  end(outcome, text) {
    clearInterval(this.#timer)
    const line = `  ${this.#head()}  ${outcome}${text ? `: ${text}` : ''}`
    this.#out.write(this.#out.isTTY ? `\r\x1b[2K${line}\n` : `${line}\n`)
  }
}
