/** A text message did not go out. The code and the status are GoTrue's; the reason may be shown, the cause is for the log. */
import { Problem } from '@cascata/shared/problem'

export class SmsSendFailed extends Problem {
  constructor(reason: string) {
    super('sms_send_failed', 422, 'Text message not sent', `The text message could not be sent: ${reason}.`)
  }
}
