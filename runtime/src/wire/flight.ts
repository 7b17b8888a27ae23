/** A job on the wire: what Postgres has said of it so far. One Sync, one flight; except that a decision comes in between. */
import { PostgresError } from '../session/database.ts'
import { type Cells, Code, cellsOf, columnsOf, errorOf, rowCountOf } from './codec.ts'
import type { Job } from './job.ts'
import type { Statement } from './statements.ts'

export class Flight {
  readonly job: Job
  /** Prepared statements it binds: forgotten when Postgres says they are stale. */
  readonly uses: Statement[] = []
  /** Those it parses itself, in order; Postgres confirms one after the other. */
  readonly parses: (Statement | undefined)[] = []
  /** The statement of the main query, when it is kept prepared: it remembers the columns. */
  mainStatement: Statement | undefined
  /** The position of the main query among the statements that are executed. */
  mainStep = 0
  /** The Sync is written: what follows on the wire is another turn. */
  isSynced = true
  /** It began with BEGIN, so an error leaves a failed transaction behind. */
  isExplicit = false
  /** A cancel meant for the turn before may strike this one. */
  mayBeHit = false
  /** It stands behind a slow turn, and another copy of its own was sent. */
  isHedged = false
  error: PostgresError | undefined
  /** How long it was the first on its connection; known when it has landed. */
  ranMs = 0
  #columns: readonly string[] | undefined
  #rows: Cells[] = []
  #rowBytes = 0
  #rowCount = 0
  #step = 0

  constructor(job: Job) {
    this.job = job
  }

  get isMainDone(): boolean {
    return this.#step > this.mainStep
  }

  get answer() {
    return {
      columns: this.#columns ?? this.mainStatement?.columns ?? [],
      rows: this.#rows,
      rowCount: this.#rowCount,
    }
  }

  /** A message of this turn, its body at `chunk[start, end)`. */
  onFrame(code: number, chunk: Buffer, start: number, end: number): void {
    switch (code) {
      case Code.dataRow:
        if (this.#step === this.mainStep && !this.job.isDone) {
          this.#rowBytes += end - start
          this.#rows.push(cellsOf(chunk, start))
        }
        return
      case Code.commandComplete:
        if (this.#step === this.mainStep) this.#rowCount = rowCountOf(chunk, start, end)
        this.#step += 1
        return
      case Code.emptyQuery:
        this.#step += 1
        return
      case Code.parseComplete:
        this.parses.shift()
        return
      case Code.rowDescription:
        this.#describe(columnsOf(chunk.subarray(start - 5, end)))
        return
      case Code.noRows:
        this.#describe([])
        return
      case Code.error:
        this.error ??= errorOf(chunk.subarray(start - 5, end))
        return
      case Code.copyIn:
      case Code.copyOut:
        this.error ??= new PostgresError({ code: '0A000', message: 'COPY is not supported here' })
    }
  }

  /** Ends the caller's wait; what else comes is dropped as it comes, until the sweep cancels it. */
  limitRows(bytesMax: number): void {
    if (this.#rowBytes > bytesMax) this.tooLarge(bytesMax)
  }

  tooLarge(bytesMax: number): void {
    this.#rows = []
    this.job.fail(
      new PostgresError({ code: '54000', message: `the answer is larger than ${bytesMax} bytes` }),
    )
  }

  #describe(columns: readonly string[]): void {
    this.#columns = columns
    if (this.mainStatement) this.mainStatement.columns = columns
  }
}
