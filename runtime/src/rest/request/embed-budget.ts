/** How far a `select` may reach: counted while it is parsed, so that nothing deeper is ever built. */
import { EmbedDepthExceeded, EmbedsExceeded } from '../errors.ts'

export type EmbedLimits = { embedDepthMax: number; embedsMax: number }

export class EmbedBudget {
  private readonly limits: EmbedLimits
  private depth = 0
  private embeds = 0

  constructor(limits: EmbedLimits) {
    this.limits = limits
  }

  /** Each `enter` of an embed that parses has its `leave`. @throws EmbedDepthExceeded, EmbedsExceeded */
  enter(): void {
    const { embedDepthMax, embedsMax } = this.limits
    this.depth++
    this.embeds++
    if (this.depth > embedDepthMax) throw EmbedDepthExceeded(embedDepthMax)
    if (this.embeds > embedsMax) throw EmbedsExceeded(embedsMax)
  }

  leave(): void {
    this.depth--
  }
}
