/** Somebody outside was not asked, or did not answer as they may: the message is for whoever set it up. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
}
